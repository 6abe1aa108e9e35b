/* SPDX-License-Identifier: MIT
 *
 * Threads.
 */
#include "lib/thread.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/domain.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "lib/x86/fpu.h"
#include "suite/proxies.h"
#include "suite/runner.h"
#include "suite/themes.h"
#include <stdatomic.h>

#define NOWHERE   (1ULL << 40) /* nothing is mapped there */
#define STACK_TOP (PLACE + 0x100000ULL)
#define STILL_US  20000U /* long enough for a thread that can still run to do so */

static volatile uint64_t given;
static _Atomic uint64_t turns; /* of a thread on another core; relaxed: it is only watched */

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

static _Noreturn void note(uint64_t argument) {
    for (;;) {
        given = argument;
        runner_end();
    }
}

static _Noreturn void note_thread(uint64_t argument) {
    given = argument;
    for (;;) {
        r4_pause();
    }
}

static enum r4_error configure(uint32_t thread, r4_cap_t pd) {
    return r4_thread_configure(r4_own(thread), pd, note_thread, STACK_TOP, 0);
}

static void configure_space(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    uint32_t pd = make(R4_CAP_PD);
    REFUSED(R4_ERR_EMPTY, configure(thread, r4_own(empty_slot())));
    REFUSED(R4_ERR_TYPE, configure(thread, r4_own(thread)));
    REFUSED(R4_ERR_NO_ASID, configure(thread, r4_own(pd)));
    REFUSED(R4_ERR_RIGHTS, configure(thread, r4_own(copy_with(pd, R4_MODIFY | R4_LINK))));
    struct r4_proxy_content content = content_for(r4_info()->slot_pd);
    content.rights = R4_ALL_RIGHTS & ~R4_LINK; /* the thread would keep a reference without the proxy */
    REFUSED(R4_ERR_RIGHTS, configure(thread, put(0, content)));
    ALLOWED(configure(thread, put_for(0, r4_info()->slot_pd)));
    ALLOWED(configure(thread, own_pd())); /* any number of times, while it is stopped */
}

static void configure_registers(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    const uint64_t bad[] = {R4_USER_END, 1ULL << 47, UINT64_MAX};
    for (uint32_t i = 0; i < R4_COUNT(bad); i++) {
        REFUSED(R4_ERR_RANGE, r4_syscall(r4_own(thread), R4_OP_THREAD_CONFIGURE, own_pd(), bad[i], 0, 0).error);
        REFUSED(R4_ERR_RANGE, r4_syscall(r4_own(thread), R4_OP_THREAD_CONFIGURE, own_pd(), 0, bad[i], 0).error);
    }
    REFUSED(R4_ERR_NOT_CONFIGURED, r4_thread_start(r4_own(thread)));
    ALLOWED(configure(thread, own_pd()));
}

static void control_is_needed(void) {
    uint32_t weak = copy_with(make(R4_CAP_THREAD), R4_ALL_RIGHTS & ~R4_CONTROL);
    REFUSED(R4_ERR_RIGHTS, configure(weak, own_pd()));
    REFUSED(R4_ERR_RIGHTS, r4_thread_schedule(r4_own(weak), 0, 1));
    REFUSED(R4_ERR_RIGHTS, r4_thread_start(r4_own(weak)));
    REFUSED(R4_ERR_RIGHTS, r4_thread_stop(r4_own(weak)));
}

static void running_is_refused(void) {
    r4_cap_t own = r4_own(r4_info()->slot_thread);
    REFUSED(R4_ERR_RUNNING, r4_thread_start(own));
    REFUSED(R4_ERR_RUNNING, r4_thread_configure(own, own_pd(), note_thread, STACK_TOP, 0));
    uint32_t thread = make(R4_CAP_THREAD);
    space_map(make(R4_CAP_FRAME), STACK_TOP - R4_PAGE_SIZE, R4_READ | R4_WRITE);
    ALLOWED(configure(thread, own_pd()));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, 1)); /* below this thread: ready, never running */
    ALLOWED(r4_thread_start(r4_own(thread)));
    REFUSED(R4_ERR_RUNNING, r4_thread_start(r4_own(thread)));
    REFUSED(R4_ERR_RUNNING, configure(thread, own_pd()));
    ALLOWED(r4_thread_stop(r4_own(thread)));
    ALLOWED(r4_thread_stop(r4_own(thread))); /* once more does no harm */
    ALLOWED(configure(thread, own_pd()));
}

static void schedule_refusals(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    REFUSED(R4_ERR_ARGUMENT, r4_thread_schedule(r4_own(thread), r4_info()->core_count, 1));
    REFUSED(R4_ERR_ARGUMENT, r4_thread_schedule(r4_own(thread), UINT16_MAX, 1));
    REFUSED(R4_ERR_ARGUMENT, r4_thread_schedule(r4_own(thread), 0, 256));
    REFUSED(R4_ERR_ARGUMENT, r4_syscall(r4_own(thread), R4_OP_THREAD_SCHEDULE, 1ULL << 63, 0, 0, 0).error);
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, 255));
    ALLOWED(r4_thread_schedule(r4_own(thread), r4_info()->core_count - 1, 0));
}

static void own_schedule(void) {
    r4_cap_t own = r4_own(r4_info()->slot_thread);
    for (uint32_t priority = 120; priority >= 100; priority -= 20) { /* and back to what it was */
        ALLOWED(r4_thread_schedule(own, 0, priority));
    }
}

static void argument_arrives(void) {
    uint32_t thread = runner_run(test_arena(), note, 0x123456789abcdef0ULL);
    CHECK(runner_has_ended() && given == 0x123456789abcdef0ULL);
    runner_go_on(thread); /* it goes on after its stop: the same once more */
    CHECK(runner_has_ended());
    runner_again(thread, note, 5);
    CHECK(given == 5);
}

static volatile uint64_t fpu_found;

static _Noreturn void fpu_leave(uint64_t value) {
    for (;;) {
        r4_fpu_set(value);
        runner_end();
    }
}

static _Noreturn void fpu_look(uint64_t unused) {
    for (;;) {
        fpu_found = r4_fpu_get() + unused;
        runner_end();
    }
}

static _Noreturn void fpu_fault(uint64_t value) {
    for (;;) {
        r4_fpu_set(value);
        *(volatile uint64_t *)NOWHERE = 0;
        runner_end();
    }
}

static void registers_begin_anew(void) {
    uint32_t thread = runner_run(test_arena(), fpu_leave, 0x5ec2e7);
    runner_again(thread, fpu_look, 0);
    CHECK(runner_has_ended() && fpu_found == 0);
    runner_again(thread, fpu_fault, 0x5ec2e7);
    CHECK(!runner_has_ended());
    fpu_found = 1;
    runner_again(thread, fpu_look, 0);
    CHECK(runner_has_ended() && fpu_found == 0);
}

static struct r4_x87_pointers x87_found;

static _Noreturn void x87_look(uint64_t unused) {
    for (;;) {
        x87_found = r4_x87_pointers();
        x87_found.operand += (uint32_t)unused;
        runner_end();
        r4_x87_use();
        runner_end();
    }
}

/* A processor may save and load no pointers of the x87. Then a thread has none, but not those of the thread before. */
static void x87_pointers_stay(void) {
    r4_x87_use();
    struct r4_x87_pointers own = r4_x87_pointers();
    CHECK(own.instruction != 0 && own.operand != 0);
    x87_found = own;
    uint32_t thread = runner_run(test_arena(), x87_look, 0);
    CHECK(runner_has_ended() && x87_found.instruction == 0 && x87_found.operand == 0);
    runner_go_on(thread); /* now it has used the x87 itself */
    r4_x87_use();
    own = r4_x87_pointers();
    runner_go_on(thread);
    CHECK(runner_has_ended() && x87_found.instruction != own.instruction);
}

static void space_goes(void) {
    struct domain domain = domain_create(test_arena(), r4_asid_pool(1));
    uint32_t thread = make(R4_CAP_THREAD);
    ALLOWED(configure(thread, r4_own(domain.pd)));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, 1));
    ALLOWED(r4_thread_start(r4_own(thread)));
    ALLOWED(r4_cap_delete(r4_own(domain.pd)));
    REFUSED(R4_ERR_NOT_CONFIGURED, r4_thread_start(r4_own(thread)));
    ALLOWED(configure(thread, own_pd()));
}

static void copy_of_the_space_goes(void) {
    struct domain domain = domain_create(test_arena(), r4_asid_pool(1));
    uint32_t thread = make(R4_CAP_THREAD);
    uint32_t copy = copy_of(domain.pd);
    ALLOWED(configure(thread, r4_own(copy)));
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(copy)).value) == 1); /* the thread's reference */
    ALLOWED(r4_cap_revoke(r4_own(copy)).error);
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(copy)).value) == 0);
    REFUSED(R4_ERR_NOT_CONFIGURED, r4_thread_start(r4_own(thread)));
}

static void deleted_before_it_ran(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    ALLOWED(configure(thread, own_pd()));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, 1));
    ALLOWED(r4_thread_start(r4_own(thread)));
    ALLOWED(r4_cap_delete(r4_own(thread)));
}

static _Noreturn void count_thread(uint64_t unused) {
    (void)unused;
    for (;;) {
        atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
        r4_pause();
    }
}

static uint64_t turns_read(void) { return atomic_load_explicit(&turns, memory_order_relaxed); }

static void turn_wait(uint64_t before) {
    while (turns_read() == before) {
        r4_pause();
    }
}

/* A thread that counts on core 1. */
static uint32_t counter_start(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    space_map(make(R4_CAP_FRAME), STACK_TOP - R4_PAGE_SIZE, R4_READ | R4_WRITE);
    must(r4_thread_configure(r4_own(thread), own_pd(), count_thread, STACK_TOP, 0), "configure");
    must(r4_thread_schedule(r4_own(thread), 1, 50), "schedule");
    must(r4_thread_start(r4_own(thread)), "start");
    turn_wait(turns_read());
    return thread;
}

static bool stands_still(void) {
    uint64_t before = turns_read();
    r4_spin_us(STILL_US);
    return turns_read() == before;
}

static void stop_on_another_core(void) {
    uint32_t thread = counter_start();
    ALLOWED(r4_thread_stop(r4_own(thread)));
    CHECK(stands_still());
    uint64_t before = turns_read();
    ALLOWED(r4_thread_start(r4_own(thread)));
    turn_wait(before);
    ALLOWED(r4_thread_stop(r4_own(thread)));
}

static void delete_on_another_core(void) {
    uint32_t thread = counter_start();
    ALLOWED(r4_cap_delete(r4_own(thread)));
    CHECK(stands_still());
}

static void move_to_another_core(void) {
    uint32_t thread = counter_start();
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, 50)); /* below this thread: it does not run */
    CHECK(stands_still());
    uint64_t before = turns_read();
    ALLOWED(r4_thread_schedule(r4_own(thread), 1, 50));
    turn_wait(before);
    ALLOWED(r4_cap_revoke(r4_own(thread)).error);
}

/* --- calls that take long --- */

#define LONG_LOG2  22U /* a retype of as much takes long */
#define LONG_COUNT (1U << (LONG_LOG2 - R4_LARGE_BITS))
#define LONG_TRIES 20U
#define LONG_US    5000000U /* far more than it takes */
#define TURN_US    100U
#define BELOW      50U
#define OWN        100U

static uint32_t long_thread; /* makes frames of long_memory in slots from long_frames on */
static uint32_t long_memory;
static uint32_t long_frames;
static uint32_t long_other;     /* a thread on core 1 */
static _Atomic bool long_begun; /* relaxed: it is only watched */

static _Noreturn void long_call(uint64_t unused) {
    (void)unused;
    for (;;) {
        atomic_store_explicit(&long_begun, true, memory_order_relaxed);
        (void)r4_untyped_retype(r4_own(long_memory),
                                (struct r4_objects){R4_CAP_FRAME, R4_LARGE_BITS, LONG_COUNT, 0, long_frames});
        (void)r4_thread_stop(r4_own(long_thread));
    }
}

static void long_configure_other(void (*entry)(uint64_t)) {
    must(r4_thread_configure(r4_own(long_other), own_pd(), entry, STACK_TOP - 2 * R4_PAGE_SIZE, 0), "configure");
}

static void long_prepare(void) {
    long_memory = create_sized(R4_CAP_UNTYPED, LONG_LOG2);
    long_frames = empty_slots(LONG_COUNT);
    long_thread = make(R4_CAP_THREAD);
    long_other = make(R4_CAP_THREAD);
    space_map(make(R4_CAP_FRAME), STACK_TOP - R4_PAGE_SIZE, R4_READ | R4_WRITE);
    space_map(make(R4_CAP_FRAME), STACK_TOP - 3 * R4_PAGE_SIZE, R4_READ | R4_WRITE);
    long_configure_other(count_thread);
    must(r4_thread_schedule(r4_own(long_other), 1, OWN + 1), "schedule");
}

/* The processors of an emulator may take turns (ACCEL=icount): then no core sees another in the middle of a call. */
static bool cores_take_turns(void) {
    ALLOWED(r4_thread_stop(r4_own(long_thread)));
    long_configure_other(count_thread);
    must(r4_thread_start(r4_own(long_other)), "start");
    turn_wait(turns_read());
    uint64_t before = turns_read();
    uint64_t begin = r4_ticks();
    while (turns_read() == before && r4_ticks() - begin < r4_ticks_of_us(TURN_US)) {
    }
    ALLOWED(r4_thread_stop(r4_own(long_other)));
    return turns_read() == before;
}

static void long_start(uint32_t core, uint32_t priority) {
    atomic_store_explicit(&long_begun, false, memory_order_relaxed);
    must(r4_thread_configure(r4_own(long_thread), own_pd(), long_call, STACK_TOP, 0), "configure");
    must(r4_thread_schedule(r4_own(long_thread), core, priority), "schedule");
    must(r4_thread_start(r4_own(long_thread)), "start");
}

static void long_wait(void) {
    while (!atomic_load_explicit(&long_begun, memory_order_relaxed)) {
        r4_pause();
    }
}

/* The last frame is not made yet. */
static bool long_is_under_way(void) { return (r4_flags(long_frames + LONG_COUNT - 1) & R4_FLAG_CREATING) != 0; }

/* Waits, without a system call; false if it does not come to its end. */
static bool long_ends(void) {
    uint64_t begin = r4_ticks();
    while (long_is_under_way() && r4_ticks() - begin < r4_ticks_of_us(LONG_US)) {
        r4_pause();
    }
    return !long_is_under_way();
}

static void long_withdraw(void) {
    ALLOWED(r4_thread_stop(r4_own(long_thread)));
    ALLOWED(r4_cap_revoke(r4_own(long_memory)).error);
}

/* Whoever stops an equal that was interrupted in a long call does not have to do its work first. */
static void stopped_in_a_long_call(void) {
    bool seen = false;
    long_prepare();
    for (uint32_t i = 0; i < LONG_TRIES && !seen; i++) {
        uint64_t before = turns_read();
        long_start(1, OWN);
        long_wait();
        must(r4_thread_start(r4_own(long_other)), "start");
        turn_wait(before);
        ALLOWED(r4_thread_stop(r4_own(long_thread)));
        seen = long_is_under_way();
        ALLOWED(r4_thread_stop(r4_own(long_other)));
        CHECK(long_ends());
        long_withdraw();
    }
    CHECK(seen || cores_take_turns());
}

/* Raises the first thread to its own priority, once the long call has begun. */
static _Noreturn void raise_first(uint64_t unused) {
    (void)unused;
    for (;;) {
        long_wait();
        (void)r4_thread_schedule(r4_own(r4_info()->slot_thread), 0, OWN);
        (void)r4_thread_stop(r4_own(long_other));
    }
}

/* A long call that a more urgent thread interrupts goes on where nothing else is to be done. */
static void preempted_in_a_long_call(void) {
    bool seen = false;
    long_prepare();
    for (uint32_t i = 0; i < LONG_TRIES && !seen; i++) {
        long_configure_other(raise_first);
        long_start(0, OWN - 1); /* not yet: this thread goes on */
        must(r4_thread_start(r4_own(long_other)), "start");
        ALLOWED(r4_thread_schedule(r4_own(r4_info()->slot_thread), 0, BELOW));
        seen = long_is_under_way();
        CHECK(long_ends());
        ALLOWED(r4_thread_stop(r4_own(long_other)));
        long_withdraw();
    }
    CHECK(seen || cores_take_turns());
}

static const struct test tests[] = {
    {"configure: the address space", configure_space, 1},
    {"configure: addresses; a start before it", configure_registers, 1},
    {"configure, schedule, start, stop need CONTROL", control_is_needed, 1},
    {"what runs is neither started nor configured", running_is_refused, 1},
    {"schedule: only cores and priorities that exist", schedule_refusals, 1},
    {"schedule: oneself", own_schedule, 1},
    {"the argument arrives; stop, start, begin anew", argument_arrives, 1},
    {"a thread that begins anew finds nothing in the FPU, also after a fault", registers_begin_anew, 1},
    {"a thread finds no address that another's x87 has noted", x87_pointers_stay, 1},
    {"a thread without its address space is not configured", space_goes, 1},
    {"a thread refers to the capability that configured it", copy_of_the_space_goes, 1},
    {"delete: one that is ready", deleted_before_it_ran, 1},
    {"stop and start on another core", stop_on_another_core, 2},
    {"delete: one that runs on another core", delete_on_another_core, 2},
    {"schedule: from core to core", move_to_another_core, 2},
    {"stop: an equal in a long call", stopped_in_a_long_call, 2},
    {"a long call that is interrupted goes on at another core", preempted_in_a_long_call, 2},
};

const struct theme theme_thread = {"thread", tests, R4_COUNT(tests), 1};
