/* SPDX-License-Identifier: MIT
 *
 * Figures inside one cluster: the list of them, and those of capabilities of any type.
 */
#include "bench/bench.h"
#include "bench/copies.h"
#include "bench/figure.h"
#include "bench/mapping.h"
#include "bench/proxies.h"
#include "bench/untyped.h"
#include "lib/cap.h"
#include "lib/print.h"
#include "lib/slots.h"
#include "lib/x86/clock.h"

#define SETTLE_US 10000U /* until all other cores have halted after the boot */
#define REVOKES   16U

/* The shortest way through the kernel: the slot is empty. */
static void refused_measure(void) {
    struct figure figure = {"cap.refused", 0, {0}};
    uint32_t empty = slots_take(2);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_copy(r4_own(empty), empty + 1, 0, 0);
        figure_add(&figure, figure_ticks(begin));
        must(error == R4_ERR_EMPTY ? R4_OK : R4_ERR_PROTOCOL, "a copy of nothing");
    }
    slots_give(empty, 2);
    figure_print(&figure, "", FIGURE_LOCAL);
}

static void copy_measure(void) {
    struct figure copy = {"cap.copy", 0, {0}};
    struct figure delete = {"cap.delete", 0, {0}};
    uint32_t source = copies_source();
    uint32_t copied = copies_slot(0);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_copy(r4_own(source), copied, R4_READ, R4_TTL_MAX - 1);
        figure_add(&copy, figure_ticks(begin));
        must(error, "copy");
        begin = r4_ticks();
        error = r4_cap_delete(r4_own(copied));
        figure_add(&delete, figure_ticks(begin));
        must(error, "delete");
    }
    figure_print(&copy, "", FIGURE_LOCAL);
    figure_print(&delete, "", FIGURE_LOCAL);
}

/* A copy moves there and back, again and again. */
static void move_measure(void) {
    struct figure figure = {"cap.move", 0, {0}};
    copies_make(1);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint32_t from = copies_slot(i % 2);
        uint32_t to = copies_slot(1 - i % 2);
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_move(r4_own(from), to);
        figure_add(&figure, figure_ticks(begin));
        must(error, "move");
    }
    must(r4_cap_delete(r4_own(copies_slot(0))), "delete"); /* back after an even number of moves */
    figure_print(&figure, "", FIGURE_LOCAL);
}
_Static_assert(FIGURE_SAMPLES % 2 == 0, "a copy that moves there and back ends where it began");

static void revoke_none_measure(void) {
    struct figure figure = {"cap.revoke.none", 0, {0}};
    uint32_t source = copies_source();
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        struct r4_result result = r4_cap_revoke(r4_own(source));
        figure_add(&figure, figure_ticks(begin));
        must(result.error, "revoke");
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Revokes of a capability with `count` copies, per copy. */
static void revoke_measure(const char *name, uint32_t count) {
    struct figure figure = {name, 0, {0}};
    uint32_t source = copies_source();
    for (uint32_t i = 0; i < REVOKES; i++) {
        copies_make(count);
        uint64_t begin = r4_ticks();
        struct r4_result result = r4_cap_revoke(r4_own(source));
        figure_add(&figure, figure_ticks(begin) / count);
        must(result.error, "revoke");
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

void bench_local(void) {
    r4_spin_us(SETTLE_US);
    figure_calibrate();
    copies_begin();
    refused_measure();
    copy_measure();
    move_measure();
    revoke_none_measure();
    revoke_measure("cap.revoke.64", 64);
    revoke_measure("cap.revoke.512", 512);
    revoke_measure("cap.revoke.4096", COPIES_MAX);
    mapping_measure();
    copies_end();
    untyped_measure();
    proxies_measure();
}
