/* SPDX-License-Identifier: MIT
 *
 * Figures of capabilities of any type. The capabilities are a frame's.
 */
#include "bench/caps.h"
#include "bench/copies.h"
#include "bench/figure.h"
#include "lib/cap.h"
#include "lib/print.h"
#include "lib/slots.h"
#include "lib/x86/clock.h"
#include <r4/format.h>

#define NAME_SIZE 32U
#define REVOKES   16U
#define FEW       8U /* a revoke of so many copies at most is told whole, not per copy */

int64_t caps_delete_ticks(uint32_t slot) {
    r4_cap_t cap = r4_own(slot);
    uint64_t begin = r4_ticks();
    enum r4_error error = r4_cap_delete(cap);
    int64_t ticks = figure_ticks(begin);
    must(error, "delete");
    return ticks;
}

int64_t caps_revoke_ticks(uint32_t slot) {
    r4_cap_t cap = r4_own(slot);
    uint64_t begin = r4_ticks();
    struct r4_result result = r4_cap_revoke(cap);
    int64_t ticks = figure_ticks(begin);
    must(result.error, "revoke");
    return ticks;
}

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
    struct figure figure = {"cap.copy", 0, {0}};
    uint32_t source = copies_source();
    uint32_t copied = copies_slot(0);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_copy(r4_own(source), copied, R4_READ, R4_TTL_MAX - 1);
        figure_add(&figure, figure_ticks(begin));
        must(error, "copy");
        must(r4_cap_delete(r4_own(copied)), "delete");
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

static void delete_measure(const char *suffix) {
    struct figure figure = {"cap.delete", 0, {0}};
    uint32_t copied = copies_slot(0);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        copies_make(1);
        figure_add(&figure, caps_delete_ticks(copied));
    }
    figure_print(&figure, suffix, FIGURE_LOCAL);
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

static void revoke_none_measure(const char *suffix) {
    struct figure figure = {"cap.revoke.none", 0, {0}};
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        figure_add(&figure, caps_revoke_ticks(copies_source()));
    }
    figure_print(&figure, suffix, FIGURE_LOCAL);
}

/* Revokes of a capability with `count` copies: the whole for a FEW, else per copy. */
static void revoke_measure(uint32_t count, const char *suffix) {
    char name[NAME_SIZE];
    struct figure figure = {name, 0, {0}};
    (void)format(name, sizeof(name), "cap.revoke.%u", count);
    for (uint32_t i = 0; i < REVOKES; i++) {
        copies_make(count);
        figure_add(&figure, caps_revoke_ticks(copies_source()) / (count <= FEW ? 1 : count));
    }
    figure_print(&figure, suffix, FIGURE_LOCAL);
}

void caps_measure(void) {
    refused_measure();
    copy_measure();
    delete_measure("");
    move_measure();
    revoke_none_measure("");
    revoke_measure(1, "");
    revoke_measure(2, "");
    revoke_measure(FEW, "");
    revoke_measure(64, "");
    revoke_measure(512, "");
    revoke_measure(COPIES_MAX, "");
}

void caps_measure_again(const char *suffix) {
    delete_measure(suffix);
    revoke_none_measure(suffix);
    revoke_measure(512, suffix);
}
