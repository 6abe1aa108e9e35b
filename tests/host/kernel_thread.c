/* SPDX-License-Identifier: MIT
 *
 * Calls on threads where no program can easily bring them: a thread that was configured as often as it can be, and one
 * that was stopped in the midst of an operation.
 */
#include "call/handlers.h"
#include "kernel.h"
#include "object/thread.h"
#include "peer/lend.h"
#include "sched/operation.h"
#include "sched/sched.h"
#include "sched/shootdown.h"

#define SPACE    UINT64_MAX /* a cap address that is in no window: invocation_cap_through() is asked */
#define LOW      10U
#define HIGH     200U
#define ENTRY    0x400000U
#define STACK    0x500000U
#define ARGUMENT 7U

static struct thread caller;
static struct thread thread;
static _Alignas(1U << PD_LOG2) struct {
    uint64_t level_4[PAGING_ENTRIES]; /* not used */
    struct pd pd;
} domain;
static struct r4_slot slot; /* the thread's capability */
static struct r4_slot pd_slot;
static uint32_t configured, made_ready, left;
static uint32_t kicked; /* at which priority */

/* --- fakes --- */

struct thread *thread_of(const struct r4_slot *cap) {
    return cap == &slot ? &thread : NULL;
}
void operation_orphan(struct core *core, struct operation *operation) {
    (void)core;
    operation->orphan = true;
}
void operation_set_priority(struct operation *operation, uint32_t priority) { operation->queue.priority = priority; }
static uint32_t raised; /* to which priority: what has been sent for the operation */
void lend_raise(const struct operation *operation, uint32_t priority) {
    ck_assert_ptr_eq(operation, &thread.operation);
    raised = priority;
}
struct resolved invocation_cap_through(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t via_proxy) {
    ck_assert_ptr_eq(invocation->caller, &caller);
    ck_assert_uint_eq(cap, SPACE);
    ck_assert_int_eq(type, R4_CAP_PD);
    ck_assert_uint_eq(rights, R4_CONTROL);
    ck_assert_uint_eq(via_proxy, R4_LINK);
    return (struct resolved){&pd_slot, R4_OK};
}
enum r4_error invocation_refusal(const struct r4_slot *cap, enum r4_cap_type type) {
    ck_abort_msg("%p is no capability of type %d", (const void *)cap, type);
}
void thread_configure(struct thread *which, struct r4_slot *space, uint64_t entry, uint64_t stack, uint64_t argument) {
    ck_assert(which == &thread && space == &pd_slot && entry == ENTRY && stack == STACK && argument == ARGUMENT);
    configured++;
}
void thread_stop(struct thread *which) { ck_abort_msg("%p is stopped", (void *)which); }
void shootdown_thread(struct core *core, struct thread *which) {
    ck_assert(core == &own_core && which == &thread);
    left++;
}
void sched_ready(struct thread *which) {
    ck_assert_ptr_eq(which, &thread);
    made_ready++;
}
void sched_unready(struct thread *which, enum thread_state state) {
    ck_assert(which == &thread && which->state == THREAD_READY);
    which->state = state;
}
void sched_kick(struct core *core, uint32_t priority) {
    ck_assert_ptr_eq(core, &own_core);
    kicked = priority;
}
void machine_fpu_init(void *area) { ck_assert_ptr_eq(area, thread.fpu); }
void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value) {
    ck_abort_msg("%p gets %lu and %lu", (void *)regs, error, value);
}

/* --- the cases --- */

static void begin(void) {
    memset(&slot, 0, sizeof(slot));
    memset(&pd_slot, 0, sizeof(pd_slot));
    slot_fill(&slot, &(struct slot_content){.type = R4_CAP_THREAD, .rights = R4_ALL_RIGHTS});
    slot_fill(&pd_slot, &(struct slot_content){.type = R4_CAP_PD,
                                               .rights = R4_ALL_RIGHTS,
                                               .size_log2 = PD_LOG2,
                                               .object = (uintptr_t)&domain - machine_direct()});
    domain.pd = (struct pd){.window.name = 1};
    caller = (struct thread){.pd = &domain.pd, .state = THREAD_READY};
    thread = (struct thread){.registers = &thread.saved, .state = THREAD_STOPPED};
    configured = made_ready = left = kicked = raised = 0;
}

static enum r4_error invoke(struct outcome (*handler)(struct invocation *), uint64_t first) {
    struct invocation invocation = {&own_core, &caller, &slot, NULL, {first, ENTRY, STACK, ARGUMENT}, 0};
    struct outcome outcome = handler(&invocation);
    ck_assert_uint_eq(outcome.later, 0);
    return (enum r4_error)outcome.error;
}

static enum r4_error schedule(uint32_t priority) {
    return invoke(sys_thread_schedule, r4_schedule_priority_put(priority));
}

/* Stopped in the midst of a revoke. */
static void begin_stopped(bool waiting) {
    begin();
    thread.pd = &domain.pd;
    thread.queue.priority = LOW;
    thread.operation = (struct operation){
        .kind = OPERATION_REVOKE, .thread = &thread, .queue = {.priority = LOW}, .orphan = true, .waiting = waiting};
}

/* The thread's reference to its PD is in a slot, whose version rises each time. */
START_TEST(test_configured_too_often) {
    begin();
    thread.pd_slot.word[0] = r4_slot_version_put(R4_VERSION_MAX - 1);
    ck_assert_int_eq(invoke(sys_thread_configure, SPACE), R4_OK);
    ck_assert_uint_eq(configured, 1);
    thread.pd_slot.word[0] = r4_slot_version_put(R4_VERSION_MAX);
    ck_assert_int_eq(invoke(sys_thread_configure, SPACE), R4_ERR_RETIRED);
    ck_assert_uint_eq(configured, 1);
    ck_assert_uint_eq(left, 1);
}
END_TEST

/* The cluster runs the operation, from now on at the thread's new priority. */
START_TEST(test_schedule_takes_the_operation_along) {
    begin_stopped(false);
    ck_assert_int_eq(schedule(HIGH), R4_OK);
    ck_assert_uint_eq(thread.queue.priority, HIGH);
    ck_assert_uint_eq(thread.operation.queue.priority, HIGH);
    ck_assert_uint_eq(kicked, HIGH);
    begin_stopped(true); /* it cannot run now */
    ck_assert_int_eq(schedule(HIGH), R4_OK);
    ck_assert_uint_eq(thread.operation.queue.priority, HIGH);
    ck_assert_uint_eq(raised, HIGH); /* and what it waits for can be more urgent */
    ck_assert_uint_eq(kicked, 0);
}
END_TEST

/* The cluster goes on with the operation; the thread waits for its end, on whatever core that comes. */
START_TEST(test_start_waits_for_the_operation) {
    for (uint32_t waiting = 0; waiting < 2; waiting++) {
        begin_stopped(waiting != 0);
        ck_assert_int_eq(invoke(sys_thread_start, 0), R4_OK);
        ck_assert(thread.operation.orphan);
        ck_assert_int_eq(thread.state, THREAD_BLOCKED);
        ck_assert_uint_eq(made_ready, 0);
    }
    begin_stopped(false);
    thread.operation.kind = OPERATION_NONE;
    ck_assert_int_eq(invoke(sys_thread_start, 0), R4_OK);
    ck_assert_uint_eq(made_ready, 1);
}
END_TEST

/* Its core was in the midst of its operation: the one that it goes to may have something else to do. */
START_TEST(test_schedule_leaves_the_operation) {
    begin_stopped(false);
    thread.state = THREAD_READY;
    thread.operation.orphan = false;
    ck_assert_int_eq(schedule(HIGH), R4_OK);
    ck_assert(thread.operation.orphan);
    ck_assert_int_eq(thread.state, THREAD_BLOCKED);
    ck_assert_uint_eq(made_ready, 0);
}
END_TEST

SUITE_MAIN("threads", test_configured_too_often, test_schedule_takes_the_operation_along,
           test_start_waits_for_the_operation, test_schedule_leaves_the_operation)
