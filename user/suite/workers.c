/* SPDX-License-Identifier: MIT
 *
 * The workers.
 */
#include "suite/workers.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/x86/clock.h"
#include <stdatomic.h>

#define STACKS   0x61000000ULL
#define PRIORITY 100U /* the root task's own */
#define END_US   10000000U

static uint32_t threads; /* slots in a row */
static uint32_t size;
static _Atomic uint32_t ended;

_Noreturn void workers_end(uint64_t number) {
    atomic_fetch_add_explicit(&ended, 1, memory_order_release); /* with the acquire in workers_wait() */
    for (;;) {
        (void)r4_thread_stop(r4_own(threads + (uint32_t)number - 1));
    }
}

/* All of them, always in the same order: each configuring makes a new child of this program's PD capability, and
 * between two cases those are to lie in the same order as before. */
static void configure(void (*entry)(uint64_t number)) {
    for (uint32_t i = 0; i < size; i++) {
        uint64_t stack_top = STACKS + (i + 1) * (uint64_t)R4_PAGE_SIZE;
        r4_cap_t thread = r4_own(threads + i);
        r4_cap_t pd = r4_own(r4_info()->slot_pd);
        enum r4_error error;
        while ((error = r4_thread_configure(thread, pd, entry, stack_top, i + 1)) == R4_ERR_RUNNING) {
            r4_pause(); /* it has ended, but is not stopped yet */
        }
        must(error, "configuring a worker");
    }
}

void workers_begin(void) {
    uint32_t cores = r4_info()->core_count;
    size = cores - 1 < WORKERS_MAX ? cores - 1 : WORKERS_MAX;
    if (size == 0) {
        return;
    }
    space_map_row(memory_create(R4_CAP_FRAME, R4_PAGE_BITS, size), size, STACKS, R4_READ | R4_WRITE);
    threads = memory_create(R4_CAP_THREAD, 0, size);
    configure(workers_end);
    for (uint32_t i = 0; i < size; i++) {
        must(r4_thread_schedule(r4_own(threads + i), i + 1, PRIORITY), "scheduling a worker");
    }
}

uint32_t workers_size(void) { return size; }

void workers_start(void (*entry)(uint64_t number)) {
    configure(entry);
    atomic_store_explicit(&ended, 0, memory_order_relaxed); /* before the starts, which are system calls */
    for (uint32_t i = 0; i < size; i++) {
        must(r4_thread_start(r4_own(threads + i)), "starting a worker");
    }
}

void workers_wait(void) {
    uint64_t begin = r4_ticks();
    while (atomic_load_explicit(&ended, memory_order_acquire) < size) { /* with the release in workers_end() */
        if (r4_ticks() - begin > r4_ticks_of_us(END_US)) {
            fail(R4_ERR_RUNNING, "a worker does not end");
        }
        r4_pause();
    }
}
