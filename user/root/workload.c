/* SPDX-License-Identifier: MIT
 *
 * What a borrower makes of the memory that it received.
 */
#include "root/workload.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/x86/clock.h"
#include <stdatomic.h>

#define FRAMES_ADDRESS   0x10000000ULL /* of the range: WORKLOAD_FRAMES pages */
#define COUNTERS_ADDRESS 0x10200000ULL /* own memory: a page of counters, then a page of stack per thread */
#define STACKS_ADDRESS   (COUNTERS_ADDRESS + R4_PAGE_SIZE)

#define WORKLOAD_PRIORITY 100U /* the root task's own: they take turns on the core that they share */
#define RUN_LIMIT_US      20000000U
#define STILL_US          20000U
#define COUNT_BURST       1000U /* between two pauses, which are slow in an emulator */

struct counter { /* one cache line each */
    _Atomic uint64_t value;
    uint64_t pad[R4_LINE_SIZE / sizeof(uint64_t) - 1];
};
R4_SIZE(struct counter, R4_LINE_SIZE);
_Static_assert(WORKLOAD_THREADS * sizeof(struct counter) <= R4_PAGE_SIZE, "the counters are one page");

static struct counter *const counters = (struct counter *)COUNTERS_ADDRESS;

/* Relaxed: a counter is only watched, nothing is read because of it. */
static uint64_t counter_read(uint32_t number) {
    return atomic_load_explicit(&counters[number].value, memory_order_relaxed);
}

static void frame_fill(uint64_t round) {
    volatile uint64_t *words = (volatile uint64_t *)(FRAMES_ADDRESS + round % WORKLOAD_FRAMES * R4_PAGE_SIZE);
    for (uint32_t i = 0; i < R4_PAGE_SIZE / sizeof(uint64_t); i++) {
        words[i] = ~round;
    }
}

static void count(uint32_t number, uint64_t times) {
    for (uint64_t i = 0; i < times; i++) {
        atomic_store_explicit(&counters[number].value, counter_read(number) + 1, memory_order_relaxed);
    }
}

/* A thread made of the received memory. Number 0 fills one frame after the other, for ever, and counts them. */
static _Noreturn void thread_count(uint64_t number) {
    for (uint64_t round = 0;; round++) {
        if (number == 0) {
            frame_fill(round);
        }
        count((uint32_t)number, number == 0 ? 1 : COUNT_BURST);
        r4_pause();
    }
}

static void threads_start(uint32_t first) {
    const struct r4_root_info *info = r4_info();
    for (uint32_t i = 0; i < WORKLOAD_THREADS; i++) {
        uint64_t stack_top = STACKS_ADDRESS + (i + 1) * (uint64_t)R4_PAGE_SIZE;
        must(r4_thread_configure(r4_own(first + i), r4_own(info->slot_pd), thread_count, stack_top, i),
             "configuring a thread");
        must(r4_thread_schedule(r4_own(first + i), i % info->core_count, WORKLOAD_PRIORITY),
             "choosing a thread's core");
        must(r4_thread_start(r4_own(first + i)), "starting a thread");
    }
}

void workload_start(uint32_t untyped) {
    uint32_t own = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1 + WORKLOAD_THREADS);
    space_map_row(own, 1 + WORKLOAD_THREADS, COUNTERS_ADDRESS, R4_READ | R4_WRITE);
    uint32_t threads = memory_create_from(untyped, R4_CAP_THREAD, 0, WORKLOAD_THREADS);
    uint32_t frames = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, WORKLOAD_FRAMES);
    uint32_t copies = slots_take(WORKLOAD_COPIES);
    space_map_row(frames, WORKLOAD_FRAMES, FRAMES_ADDRESS, R4_READ | R4_WRITE);
    for (uint32_t i = 0; i < WORKLOAD_COPIES; i++) {
        must(r4_cap_copy(r4_own(frames + i), copies + i, R4_READ, R4_TTL_MAX - 1), "copying a frame's capability");
    }
    threads_start(threads);
}

/* On how many of the `cores` every thread has counted on from `before`. */
static uint32_t cores_moved(const uint64_t *before, uint32_t cores) {
    uint32_t moved = 0;
    for (uint32_t core = 0; core < cores; core++) {
        uint32_t i = core;
        while (i < WORKLOAD_THREADS && counter_read(i) != before[i]) {
            i += r4_info()->core_count;
        }
        moved += i >= WORKLOAD_THREADS;
    }
    return moved;
}

bool workload_runs(void) {
    uint64_t before[WORKLOAD_THREADS];
    uint32_t cores = r4_info()->core_count < WORKLOAD_THREADS ? r4_info()->core_count : WORKLOAD_THREADS;
    uint32_t moved;
    for (uint32_t i = 0; i < WORKLOAD_THREADS; i++) {
        before[i] = counter_read(i);
    }
    uint64_t begin = r4_ticks();
    do {
        r4_pause();
        moved = cores_moved(before, cores);
    } while ((moved < cores || counter_read(0) < 2 * WORKLOAD_FRAMES) &&
             r4_ticks() - begin < r4_ticks_of_us(RUN_LIMIT_US));
    print("before the revoke: %u threads count on %u of %u cores, %u frames are written over and over",
          WORKLOAD_THREADS, moved, cores, WORKLOAD_FRAMES);
    return moved == cores && counter_read(0) >= 2 * WORKLOAD_FRAMES;
}

bool workload_stands_still(void) {
    uint64_t before[WORKLOAD_THREADS];
    uint32_t still = 0;
    for (uint32_t i = 0; i < WORKLOAD_THREADS; i++) {
        before[i] = counter_read(i);
    }
    r4_spin_us(STILL_US);
    for (uint32_t i = 0; i < WORKLOAD_THREADS; i++) {
        still += counter_read(i) == before[i];
    }
    print("after the revoke:  %u of %u counters stand still", still, WORKLOAD_THREADS);
    return still == WORKLOAD_THREADS;
}
