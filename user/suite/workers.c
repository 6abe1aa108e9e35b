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
static uint32_t at_work;
static void (*job)(uint32_t number);
static _Atomic uint32_t ended;

static _Noreturn void workers_main(uint64_t number) {
    for (;;) {
        job((uint32_t)number);
        atomic_fetch_add_explicit(&ended, 1, memory_order_release);
        (void)r4_thread_stop(r4_own(threads + (uint32_t)number - 1));
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
    for (uint32_t i = 0; i < size; i++) {
        uint64_t stack_top = STACKS + (i + 1) * (uint64_t)R4_PAGE_SIZE;
        must(r4_thread_configure(r4_own(threads + i), r4_own(r4_info()->slot_pd), workers_main, stack_top, i + 1),
             "configuring the workers");
        must(r4_thread_schedule(r4_own(threads + i), i + 1, PRIORITY), "scheduling the workers");
    }
}

uint32_t workers_size(void) { return size; }

void workers_start(uint32_t count, void (*function)(uint32_t number)) {
    job = function;
    at_work = count;
    atomic_store_explicit(&ended, 0, memory_order_release);
    for (uint32_t i = 0; i < count; i++) {
        enum r4_error error;
        while ((error = r4_thread_start(r4_own(threads + i))) == R4_ERR_RUNNING) { /* on its way to stop */
            r4_pause();
        }
        must(error, "starting the workers");
    }
}

void workers_wait(void) {
    uint64_t begin = r4_ticks();
    while (atomic_load_explicit(&ended, memory_order_acquire) < at_work) {
        if (r4_ticks() - begin > r4_ticks_of_us(END_US)) {
            fail(R4_ERR_RUNNING, "a workers's job does not end");
        }
        r4_pause();
    }
}
