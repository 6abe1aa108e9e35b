/* SPDX-License-Identifier: MIT
 *
 * Each other core runs a thread that does nothing. What is unmapped has to leave its TLB too.
 */
#include "bench/other_cores.h"
#include "bench/figure.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/x86/clock.h"
#include <r4/format.h>
#include <stdatomic.h>

#define OTHERS_MAX 3U
#define ADDRESS    0x40000000ULL
#define STACKS     0x63000000ULL
#define PRIORITY   100U /* the root task's */
#define NAME_SIZE  32U

static _Atomic uint32_t running; /* threads that have begun; relaxed: nothing else is read after it */

static _Noreturn void spin(uint64_t unused) {
    (void)unused;
    atomic_fetch_add_explicit(&running, 1, memory_order_relaxed);
    for (;;) {
        r4_pause();
    }
}

static uint32_t thread_begin(uint32_t core) {
    uint64_t stack = STACKS + core * R4_PAGE_SIZE;
    uint32_t thread = memory_create(R4_CAP_THREAD, 0, 1);
    space_map(memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1), stack, R4_READ | R4_WRITE);
    must(r4_thread_configure(r4_own(thread), r4_own(r4_info()->slot_pd), spin, stack + R4_PAGE_SIZE, 0), "configure");
    must(r4_thread_schedule(r4_own(thread), core, PRIORITY), "schedule");
    must(r4_thread_start(r4_own(thread)), "start");
    return thread;
}

/* The page has been read, so this core has its translation; the others may have one. */
static int64_t unmap_ticks(uint32_t frame) {
    space_map(frame, ADDRESS, R4_READ);
    (void)*(const volatile uint64_t *)ADDRESS;
    uint64_t begin = r4_ticks();
    enum r4_error error = r4_frame_unmap(r4_own(frame));
    int64_t ticks = figure_ticks(begin);
    must(error, "unmap");
    return ticks;
}

static void unmap_measure(uint32_t others) {
    char name[NAME_SIZE];
    struct figure figure = {name, 0, {0}};
    uint32_t threads[OTHERS_MAX];
    (void)format(name, sizeof(name), "frame.unmap.cores.%u", others);
    atomic_store_explicit(&running, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < others; i++) {
        threads[i] = thread_begin(1 + i);
    }
    while (atomic_load_explicit(&running, memory_order_relaxed) != others) {
        r4_pause();
    }
    uint32_t frame = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        figure_add(&figure, unmap_ticks(frame));
    }
    for (uint32_t i = 0; i < others; i++) {
        must(r4_thread_stop(r4_own(threads[i])), "stop");
    }
    figure_print(&figure, "", FIGURE_BETWEEN);
    must(memory_reset(), "clean-up");
}

void other_cores_measure(void) {
    for (uint32_t others = 1; others <= OTHERS_MAX && others < r4_info()->core_count; others += 2) {
        unmap_measure(others);
    }
}
