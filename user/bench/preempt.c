/* SPDX-License-Identifier: MIT
 *
 * The check that a long revoke lets others run.
 */
#include "bench/preempt.h"
#include "bench/copies.h"
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/usage.h"
#include "lib/x86/clock.h"
#include <stdatomic.h>

#define STACK_ADDRESS    0x10000000ULL
#define PREEMPT_PRIORITY 100U /* the root task's own */
#define RESUMED_MIN      2U
#define TRIES            8U

static _Atomic uint64_t turns; /* of the other thread; relaxed: it is only watched */

/* A thread of the same priority: the slice timer has to run. */
static _Noreturn void thread_spin(uint64_t unused) {
    (void)unused;
    for (;;) {
        atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
        r4_pause();
    }
}

/* Takes the lock again and again. */
static _Noreturn void thread_call(uint64_t unused) {
    (void)unused;
    for (;;) {
        atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
        (void)r4_debug_stat(r4_debug(), R4_STAT_CORES_IDLE);
    }
}

static void thread_begin(uint32_t thread, void (*entry)(uint64_t), uint32_t core) {
    must(r4_thread_configure(r4_own(thread), r4_own(r4_info()->slot_pd), entry, STACK_ADDRESS + R4_PAGE_SIZE, 0),
         "configure");
    must(r4_thread_schedule(r4_own(thread), core, PREEMPT_PRIORITY), "schedule");
    must(r4_thread_start(r4_own(thread)), "start");
}

static void turn_wait(void) {
    uint64_t before = atomic_load_explicit(&turns, memory_order_relaxed);
    while (atomic_load_explicit(&turns, memory_order_relaxed) == before) {
        r4_pause();
    }
}

/* Revokes COPIES_MAX copies while `entry` runs on `core`; prints how often the revoke was resumed, in the best of a few
 * tries: the host may keep the other core's thread from running for longer than one revoke takes. */
static bool revoke_is_resumed(const char *name, uint32_t thread, void (*entry)(uint64_t), uint32_t core) {
    uint64_t most = 0;
    for (uint32_t i = 0; i < TRIES && most < RESUMED_MIN; i++) {
        copies_make(COPIES_MAX);
        thread_begin(thread, entry, core);
        turn_wait();
        struct r4_result result = r4_cap_revoke(r4_own(copies_source()));
        must(r4_thread_stop(r4_own(thread)), "stop");
        must(result.error, "revoke");
        most = result.value > most ? result.value : most;
    }
    print("preempt %s resumed %lu", name, most);
    return most >= RESUMED_MIN;
}

uint32_t preempt_run(void) {
    struct usage before = usage_take();
    if (r4_info()->cluster != 0) {
        return 0;
    }
    copies_begin();
    space_map(memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1), STACK_ADDRESS, R4_READ | R4_WRITE);
    uint32_t thread = memory_create(R4_CAP_THREAD, 0, 1);
    bool good = revoke_is_resumed("timer", thread, thread_spin, 0);
    if (r4_info()->core_count > 1) {
        good &= revoke_is_resumed("lock", thread, thread_call, 1);
    }
    copies_end();
    must(memory_reset(), "clean-up");
    return good && usage_check(before) ? 0 : 1;
}
