/* SPDX-License-Identifier: MIT
 *
 * Figures of mappings. The space is that of the running thread, so what is unmapped has to leave this core's TLB. Each
 * page is read before it is unmapped.
 */
#include "bench/mapping.h"
#include "bench/caps.h"
#include "bench/copies.h"
#include "bench/figure.h"
#include "lib/cap.h"
#include "lib/frame.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/x86/clock.h"

#define ADDRESS 0x40000000ULL /* its page tables are made by the first mapping, which is not measured */
#define REVOKES 16U
#define PAGES   512U

static void page_read(uint64_t address) { (void)*(const volatile uint64_t *)(uintptr_t)address; }

static void map_measure(void) {
    struct figure map = {"frame.map", 0, {0}};
    struct figure unmap = {"frame.unmap", 0, {0}};
    uint32_t frame = copies_source();
    uint32_t pd = r4_info()->slot_pd;
    space_map(frame, ADDRESS, R4_READ);
    must(r4_frame_unmap(r4_own(frame)), "unmap");
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_frame_map(r4_own(frame), r4_own(pd), ADDRESS, R4_READ);
        figure_add(&map, figure_ticks(begin));
        must(error, "map");
        page_read(ADDRESS);
        begin = r4_ticks();
        error = r4_frame_unmap(r4_own(frame));
        figure_add(&unmap, figure_ticks(begin));
        must(error, "unmap");
    }
    figure_print(&map, "", FIGURE_LOCAL);
    figure_print(&unmap, "", FIGURE_LOCAL);
}

/* Of a frame that is mapped; its copy is not. */
static void copy_measure(void) {
    struct figure figure = {"cap.copy.mapped", 0, {0}};
    uint32_t source = copies_source();
    uint32_t copied = copies_slot(0);
    space_map(source, ADDRESS, R4_READ);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_copy(r4_own(source), copied, R4_READ, R4_TTL_MAX - 1);
        figure_add(&figure, figure_ticks(begin));
        must(error, "copy");
        must(r4_cap_delete(r4_own(copied)), "delete");
    }
    must(r4_frame_unmap(r4_own(source)), "unmap");
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Copies of the source, each of them mapped at another address and read. */
static void mapped_copies_make(uint32_t count) {
    copies_make(count);
    for (uint32_t page = 0; page < count; page++) {
        uint64_t address = ADDRESS + (uint64_t)page * R4_PAGE_SIZE;
        space_map(copies_slot(page), address, R4_READ);
        page_read(address);
    }
}

static void delete_measure(void) {
    struct figure figure = {"cap.delete.mapped", 0, {0}};
    uint32_t copied = copies_slot(0);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        mapped_copies_make(1);
        figure_add(&figure, caps_delete_ticks(copied));
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Revokes of a frame with `count` mapped copies, per copy. */
static void revoke_measure(const char *name, uint32_t count) {
    struct figure figure = {name, 0, {0}};
    for (uint32_t i = 0; i < REVOKES; i++) {
        mapped_copies_make(count);
        figure_add(&figure, caps_revoke_ticks(copies_source()) / count);
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

void mapping_measure(void) {
    map_measure();
    copy_measure();
    delete_measure();
    revoke_measure("cap.revoke.1.mapped", 1);
    revoke_measure("frame.revoke.mapped", PAGES);
}
