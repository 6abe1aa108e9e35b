/* SPDX-License-Identifier: MIT
 *
 * A thread for one case.
 */
#include "suite/runner.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/x86/clock.h"
#include "suite/test.h"

#define STACK    (PLACE + 0x100000ULL)
#define PRIORITY 101U /* above the root task's */
#define END_US   1000U

static struct {
    uint32_t thread;
    volatile bool ended;
} run;

void runner_end(void) {
    run.ended = true;
    (void)r4_thread_stop(r4_own(run.thread));
}

/* It has run when its start returns, unless it waits for something. */
static void end_wait(void) {
    uint64_t begin = r4_ticks();
    while (!run.ended && r4_ticks() - begin < r4_ticks_of_us(END_US)) {
        r4_pause();
    }
}

void runner_go_on(uint32_t thread) {
    run.ended = false;
    must(r4_thread_start(r4_own(thread)), "starting a runner");
    end_wait();
}

void runner_again(uint32_t thread, void (*entry)(uint64_t argument), uint64_t argument) {
    run.thread = thread;
    must(r4_thread_configure(r4_own(thread), r4_own(r4_info()->slot_pd), entry, STACK + R4_PAGE_SIZE, argument),
         "configuring a runner");
    must(r4_thread_schedule(r4_own(thread), 0, PRIORITY), "scheduling a runner");
    runner_go_on(thread);
}

uint32_t runner_run(uint32_t untyped, void (*entry)(uint64_t argument), uint64_t argument) {
    space_map(make(R4_CAP_FRAME), STACK, R4_READ | R4_WRITE);
    uint32_t thread = memory_create_from(untyped, R4_CAP_THREAD, 0, 1);
    runner_again(thread, entry, argument);
    return thread;
}

bool runner_has_ended(void) { return run.ended; }
