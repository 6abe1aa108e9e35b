/* SPDX-License-Identifier: MIT
 *
 * Figures of mappings. The space is that of the running thread, so what is unmapped has to leave this core's TLB. Each
 * page is read before it is unmapped.
 */
#include "bench/mapping.h"
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

/* Revokes of a frame with PAGES copies, each of them mapped at another address, per copy. */
static void revoke_measure(void) {
    struct figure figure = {"frame.revoke.mapped", 0, {0}};
    uint32_t source = copies_source();
    for (uint32_t i = 0; i < REVOKES; i++) {
        copies_make(PAGES);
        for (uint32_t page = 0; page < PAGES; page++) {
            uint64_t address = ADDRESS + (uint64_t)page * R4_PAGE_SIZE;
            space_map(copies_slot(page), address, R4_READ);
            page_read(address);
        }
        uint64_t begin = r4_ticks();
        struct r4_result result = r4_cap_revoke(r4_own(source));
        figure_add(&figure, figure_ticks(begin) / PAGES);
        must(result.error, "revoke");
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

void mapping_measure(void) {
    map_measure();
    revoke_measure();
}
