/* SPDX-License-Identifier: MIT
 *
 * The makers: threads that have the root task's priority, until that raises its own.
 */
#include "bench/many_operations.h"
#include "bench/copies.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"

#define MAKERS   32U
#define COPIES   64U
#define STACKS   0x62000000ULL
#define PRIORITY 100U /* the root task's */
#define ABOVE    (PRIORITY + 1)

static struct maker {
    uint32_t thread;
    uint32_t untyped;
    uint32_t target;
    volatile bool ended; /* not atomic: all run on one core */
} makers[MAKERS];

static _Noreturn void maker_main(uint64_t number) {
    struct maker *maker = &makers[number];
    struct r4_objects objects = {R4_CAP_FRAME, R4_PAGE_BITS, R4_RETYPE_MAX, 0, maker->target};
    must(r4_untyped_retype(r4_own(maker->untyped), objects), "retype");
    maker->ended = true;
    for (;;) {
        (void)r4_thread_stop(r4_own(maker->thread));
    }
}

static void maker_make(uint32_t number) {
    struct maker *maker = &makers[number];
    uint64_t stack = STACKS + number * R4_PAGE_SIZE;
    space_map(memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1), stack, R4_READ | R4_WRITE);
    maker->thread = memory_create(R4_CAP_THREAD, 0, 1);
    maker->untyped = memory_create(R4_CAP_UNTYPED, R4_PAGE_BITS + (uint32_t)__builtin_ctz(R4_RETYPE_MAX), 1);
    maker->target = slots_take(R4_RETYPE_MAX);
    maker->ended = false;
    r4_cap_t thread = r4_own(maker->thread);
    must(r4_thread_configure(thread, r4_own(r4_info()->slot_pd), maker_main, stack + R4_PAGE_SIZE, number),
         "configure");
    must(r4_thread_schedule(thread, 0, PRIORITY), "schedule");
}

static bool has_begun(const struct maker *maker) { return r4_type(maker->target) != R4_CAP_EMPTY; }

static bool is_under_way(const struct maker *maker) {
    uint32_t last = maker->target + R4_RETYPE_MAX - 1;
    return (r4_flags(last) & R4_FLAG_CREATING) != 0;
}

static void own_priority(uint32_t priority) {
    must(r4_thread_schedule(r4_own(r4_info()->slot_thread), 0, priority), "one's own priority");
}

void many_operations_run(void) {
    uint32_t under_way = 0;
    (void)space_grow_window(MAKERS); /* a row of slots is in one page */
    copies_begin();
    copies_make(COPIES);
    for (uint32_t i = 0; i < MAKERS; i++) {
        maker_make(i);
    }
    own_priority(ABOVE);
    for (uint32_t i = 0; i < MAKERS; i++) {
        must(r4_thread_start(r4_own(makers[i].thread)), "start");
    }
    own_priority(PRIORITY);
    for (uint32_t i = 0; i < MAKERS; i++) {
        while (!has_begun(&makers[i])) {
            r4_pause();
        }
    }
    own_priority(ABOVE);
    for (uint32_t i = 0; i < MAKERS; i++) {
        under_way += is_under_way(&makers[i]);
    }
    must(r4_cap_revoke(r4_own(copies_source())).error, "revoke");
    print("many operations: %u retypes were under way", under_way);
    own_priority(PRIORITY);
    for (uint32_t i = 0; i < MAKERS; i++) {
        while (!makers[i].ended) {
            r4_pause();
        }
    }
    copies_end();
    must(memory_reset(), "clean-up");
}
