/* SPDX-License-Identifier: MIT
 *
 * Figures inside one cluster.
 */
#include "bench/bench.h"
#include "bench/copies.h"
#include "bench/figure.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/untyped.h"
#include "lib/x86/clock.h"

#define SETTLE_US     10000U /* until all other cores have halted after the boot */
#define REVOKES       16U
#define OBJECT_LOG2   6U /* retype makes untypeds of 64 bytes: nothing is zeroed */
#define RETYPE_PARENT (OBJECT_LOG2 + 6U)

/* The shortest way through the kernel: a capability that is not there. */
static void refused_measure(void) {
    struct figure figure = {"cap.refused", 0, {0}};
    uint32_t empty = slots_take(2);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_copy(empty, empty + 1, 0, 0);
        figure_add(&figure, figure_ticks(begin));
        must(error == R4_ERR_EMPTY ? R4_OK : R4_ERR_PROTOCOL, "a copy of nothing");
    }
    slots_give(empty, 2);
    figure_print(&figure, "", FIGURE_LOCAL);
}

static void copy_measure(void) {
    struct figure copy = {"cap.copy", 0, {0}};
    struct figure delete = {"cap.delete", 0, {0}};
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_copy(copies_source(), copies_slot(0), R4_READ, R4_TTL_MAX - 1);
        figure_add(&copy, figure_ticks(begin));
        must(error, "copy");
        begin = r4_ticks();
        error = r4_cap_delete(copies_slot(0));
        figure_add(&delete, figure_ticks(begin));
        must(error, "delete");
    }
    figure_print(&copy, "", FIGURE_LOCAL);
    figure_print(&delete, "", FIGURE_LOCAL);
}

static void revoke_measure(const char *name, uint32_t count) {
    struct figure figure = {name, 0, {0}};
    for (uint32_t i = 0; i < REVOKES; i++) {
        copies_make(count);
        uint64_t begin = r4_ticks();
        struct r4_result result = r4_cap_revoke(copies_source());
        figure_add(&figure, figure_ticks(begin) / count);
        must(result.error, "revoke");
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Retypes of `count` objects each, one behind the other; the parent has room for 64 objects. */
static void retype_measure(const char *name, uint32_t count) {
    struct figure figure = {name, 0, {0}};
    uint32_t parent = memory_make(R4_CAP_UNTYPED, RETYPE_PARENT, 1);
    uint32_t slots = slots_take(R4_RETYPE_MAX);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint32_t before = i * count % R4_RETYPE_MAX; /* objects in the parent */
        if (before == 0) {
            must(r4_cap_revoke(parent).error, "revoke");
        }
        struct r4_objects objects = {R4_CAP_UNTYPED, OBJECT_LOG2, count, before << OBJECT_LOG2, slots + before};
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_untyped_retype(parent, objects);
        figure_add(&figure, figure_ticks(begin) / count);
        must(error, "retype");
    }
    must(r4_cap_delete(parent), "delete");
    slots_give(slots, R4_RETYPE_MAX);
    slots_give(parent, 1);
    figure_print(&figure, "", FIGURE_LOCAL);
}

void bench_local(void) {
    r4_spin_us(SETTLE_US);
    figure_calibrate();
    copies_begin();
    refused_measure();
    copy_measure();
    revoke_measure("cap.revoke.64", 64);
    revoke_measure("cap.revoke.512", 512);
    revoke_measure("cap.revoke.4096", COPIES_MAX);
    copies_end();
    retype_measure("untyped.retype.1", 1);
    retype_measure("untyped.retype.64", R4_RETYPE_MAX);
}
