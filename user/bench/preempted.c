/* SPDX-License-Identifier: MIT
 *
 * The threads and their slices. The program gives way to a thread by setting its own priority: to the same one, after
 * which it is the last of its equals, or to one below that of all calls under way.
 */
#include "bench/preempted.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/x86/clock.h"

#define STACKS   0x62000000ULL
#define PRIORITY 100U /* the root task's */
#define LOW      1U   /* of a thread whose call is under way */
#define LOWEST   0U
#define ROUNDS   500U   /* without a look at the clock, which is slow in an emulator */
#define CLOSE    10000U /* ticks, in which more than ROUNDS pass */

/* All threads run on one core, so nothing here is atomic. */
static struct caller {
    uint32_t thread;
    struct preempted_call call;
    volatile bool begun;
    volatile bool ended;
    volatile enum r4_error error; /* the result of the call */
} callers[PREEMPTED_MAX];
static uint32_t caller_count;

static volatile uint64_t slice_begin;
static volatile uint64_t slice_end;

static void own_priority(uint32_t priority) {
    must(r4_thread_schedule(r4_own(r4_info()->slot_thread), 0, priority), "one's own priority");
}

/* The program becomes the last of its equals. */
static void give_way(void) { own_priority(PRIORITY); }

static void caller_start(const struct caller *caller, void (*entry)(uint64_t), uint64_t argument) {
    uint64_t stack = STACKS + (uint64_t)(caller - callers) * R4_PAGE_SIZE;
    r4_cap_t thread = r4_own(caller->thread);
    must(r4_thread_configure(thread, r4_own(r4_info()->slot_pd), entry, stack + R4_PAGE_SIZE, argument), "configure");
    must(r4_thread_schedule(thread, 0, PRIORITY), "schedule");
    must(r4_thread_start(thread), "start");
}

static _Noreturn void read_clock(uint64_t unused) {
    (void)unused;
    slice_begin = r4_ticks();
    for (;;) {
        slice_end = r4_ticks();
    }
}

static void slice_measure(const struct caller *caller) {
    caller_start(caller, read_clock, 0);
    give_way();
    must(r4_thread_stop(r4_own(caller->thread)), "stop");
}

static void wait_until(uint64_t end) {
    while (r4_ticks() + CLOSE < end) {
        for (uint32_t i = 0; i < ROUNDS; i++) {
            __asm__ volatile("");
        }
    }
    while (r4_ticks() < end) {
    }
}

static _Noreturn void caller_main(uint64_t number) {
    struct caller *caller = &callers[number];
    if (caller->call.before_end != PREEMPTED_AT_ONCE) {
        wait_until(r4_ticks() + (slice_end - slice_begin) - caller->call.before_end);
    }
    caller->begun = true;
    caller->error = caller->call.call(caller->call.argument);
    caller->ended = true;
    for (;;) {
        (void)r4_thread_stop(r4_own(caller->thread));
    }
}

void preempted_make(uint32_t count) {
    require(count >= 1 && count <= PREEMPTED_MAX, "as many calls as there is room for");
    caller_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t stack = STACKS + (uint64_t)i * R4_PAGE_SIZE;
        space_map(memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1), stack, R4_READ | R4_WRITE);
        callers[i].thread = memory_create(R4_CAP_THREAD, 0, 1);
    }
    slice_measure(&callers[0]);
}

bool preempted_begin(uint32_t number, struct preempted_call call) {
    struct caller *caller = &callers[number];
    caller->call = call;
    caller->begun = false;
    caller->ended = false;
    caller->error = R4_OK;
    caller_start(caller, caller_main, number);
    give_way();
    if (caller->begun && !caller->ended) {
        must(r4_thread_schedule(r4_own(caller->thread), 0, LOW), "schedule");
        return true;
    }
    while (!caller->ended) {
        give_way();
    }
    must(caller->error, "a call that was not preempted");
    slice_measure(caller);
    return false;
}

void preempted_end(void) {
    own_priority(LOWEST);
    own_priority(PRIORITY);
    for (uint32_t i = 0; i < caller_count; i++) {
        require(callers[i].ended || !callers[i].begun, "all calls have ended");
        must(callers[i].error, "a call that was preempted");
    }
}
