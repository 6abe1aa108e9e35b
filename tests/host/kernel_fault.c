/* SPDX-License-Identifier: MIT
 *
 * A fault whose core has to wait for the lock: meanwhile the holder makes the core leave the thread. A trap (a
 * breakpoint, a single step) does not come again, so it must not be forgotten. Own core 0 is that core; core 1 holds
 * the lock.
 */
#include "kernel.h"
#include "object/thread.h"
#include "sched/sched.h"
#include "sched/shootdown.h"

#define BREAKPOINT 3U
#define IP         0x401234U

static struct core other_core;
static struct thread thread;
static struct pd pd;
static bool leaves; /* the holder makes the core leave the thread */
static uint32_t logged, dispatched, stopped;

/* --- neighbours --- */

void machine_send(uint32_t apic_id, enum machine_event event) {
    ck_assert_uint_eq(apic_id, own_core.apic_id);
    ck_assert_int_eq(event, MACHINE_SHOOTDOWN);
    ck_assert(core_serve(&own_core)); /* in its wait for the lock */
}
void machine_relax(void) {}
uint64_t machine_now(void) { return 0; }
void machine_flush_user(void) {}
void machine_space_load_kernel(void) {}
void machine_fpu_save(void *area) { ck_assert_ptr_eq(area, thread.fpu); }
uint64_t machine_regs_ip(const struct machine_regs *regs) { return regs == &thread.saved ? IP : 0; }
uint64_t machine_regs_sp(const struct machine_regs *regs) {
    (void)regs;
    return 0;
}
void lock_wait(struct lock *lock, struct lock_node *node, struct core *core) {
    (void)core;
    if (leaves) {
        lock->holder = &other_core.lock_node;
        machine_core_is = &other_core;
        shootdown_thread(&other_core, &thread);
        machine_core_is = &own_core;
    }
    lock->holder = node;
}
void lock_pass(struct lock_node *node, struct core *core) {
    (void)node;
    (void)core;
}
bool root_is(const struct thread *which) { return which == NULL; }
void log_line(const char *text, ...) {
    (void)text;
    logged++;
}
void panic(const char *text, ...) { ck_abort_msg("%s", text); }
void sched_unready(struct thread *from, enum thread_state state) {
    ck_assert_ptr_eq(from, &thread);
    from->state = state;
    stopped++;
}
void dispatch(struct core *core) {
    ck_assert_ptr_eq(core, &own_core);
    dispatched++;
}
void slice_tick(struct core *core) { (void)core; }
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    (void)event;
    (void)first;
    (void)second;
}

/* --- tests --- */

static void breakpoint(void) {
    own_core = (struct core){.current = &thread, .fpu = &thread, .space = &pd, .apic_id = 5};
    other_core = (struct core){.index = 1, .apic_id = 6};
    thread = (struct thread){.registers = &thread.saved, .state = THREAD_READY, .pd = &pd};
    cluster.cores[0] = &own_core;
    cluster.cores[1] = &other_core;
    cluster.lock = (struct lock){.tail = &other_core.lock_node, .holder = &other_core.lock_node};
    logged = dispatched = stopped = 0;
    kernel_fault(BREAKPOINT, 0, 0);
    ck_assert_uint_eq(logged, 1);
    ck_assert_uint_eq(dispatched, 1);
    ck_assert(!own_core.faulted);
}

START_TEST(test_undisturbed) {
    leaves = false;
    breakpoint();
    ck_assert_uint_eq(stopped, 1);
    ck_assert_int_eq(thread.state, THREAD_STOPPED);
    ck_assert(!thread.faulted);
}
END_TEST

/* The thread is ready, perhaps on another core by now: the dispatcher that meets it stops it. */
START_TEST(test_made_to_leave) {
    leaves = true;
    breakpoint();
    ck_assert_ptr_null(own_core.current);
    ck_assert_uint_eq(stopped, 0);
    ck_assert(thread.faulted);
}
END_TEST

SUITE_MAIN("faults", test_undisturbed, test_made_to_leave)
