/* SPDX-License-Identifier: MIT
 *
 * Threads: configure, schedule, start, stop.
 */
#include "object/thread.h"
#include "call/handlers.h"
#include "peer/lend.h"
#include "sched/operation.h"
#include "sched/sched.h"
#include "sched/shootdown.h"

struct outcome sys_thread_configure(struct invocation *invocation) {
    struct thread *thread = thread_of(invocation->slot);
    struct resolved space = invocation_cap(invocation, invocation->argument[0], R4_CAP_PD, R4_CONTROL, R4_LINK);
    if (space.error != R4_OK) {
        return outcome_now(space.error);
    }
    if (pd_of(space.slot)->window.name == 0) {
        return outcome_now(R4_ERR_NO_ASID);
    }
    if (slot_depth(space.slot) == R4_DEPTH_MAX) {
        return outcome_now(R4_ERR_DEPTH);
    }
    if (thread->state != THREAD_STOPPED || thread->operation.kind != OPERATION_NONE) {
        return outcome_now(R4_ERR_RUNNING);
    }
    if (slot_version(&thread->pd_slot) == R4_VERSION_MAX) {
        return outcome_now(R4_ERR_RETIRED);
    }
    if (invocation->argument[1] >= R4_USER_END || invocation->argument[2] >= R4_USER_END) {
        return outcome_now(R4_ERR_RANGE);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    shootdown_thread(invocation->core, thread); /* after a fault a core may still hold its FPU state */
    machine_fpu_init(thread->fpu);
    thread->line_length = 0;
    thread->faulted = false;
    thread_configure(thread, space.slot, invocation->argument[1], invocation->argument[2], invocation->argument[3]);
    return outcome_now(R4_OK);
}

struct outcome sys_thread_schedule(struct invocation *invocation) {
    struct thread *thread = thread_of(invocation->slot);
    uint64_t core = r4_schedule_core_get(invocation->argument[0]);
    uint64_t priority = r4_schedule_priority_get(invocation->argument[0]);
    if (core >= core_count() || priority >= RUNQUEUE_PRIORITIES) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    enum thread_state state = thread->state;
    if (state == THREAD_READY) {
        sched_unready(thread, THREAD_STOPPED);
    }
    shootdown_thread(invocation->core, thread); /* also a blocked one: the old core may hold its FPU state */
    thread->core = (uint32_t)core;
    thread->queue.priority = (uint32_t)priority;
    operation_set_priority(&thread->operation, (uint32_t)priority);
    if (thread->operation.kind != OPERATION_NONE) {
        lend_raise(&thread->operation, (uint32_t)priority);
    }
    if (thread->operation.orphan && thread->operation.kind != OPERATION_NONE && !thread->operation.waiting) {
        sched_kick(invocation->core, (uint32_t)priority); /* the cluster runs it, now perhaps at once */
    }
    if (state == THREAD_READY && thread->operation.kind != OPERATION_NONE) { /* its old core was at it */
        thread->state = THREAD_BLOCKED;
        operation_orphan(invocation->core, &thread->operation);
    } else if (state == THREAD_READY) {
        sched_ready(thread);
        if (thread == invocation->caller) { /* it has left its core, so the result has to be in its registers */
            machine_regs_result(thread->registers, R4_OK, 0);
            return outcome_later();
        }
    }
    return outcome_now(R4_OK);
}

struct outcome sys_thread_start(struct invocation *invocation) {
    struct thread *thread = thread_of(invocation->slot);
    if (thread->pd == NULL) {
        return outcome_now(R4_ERR_NOT_CONFIGURED);
    }
    if (thread->state != THREAD_STOPPED) {
        return outcome_now(R4_ERR_RUNNING);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    thread->faulted = false;                        /* whatever it met before it was stopped */
    if (thread->operation.kind != OPERATION_NONE) { /* stopped during a call, of which it will find the result */
        thread->state = THREAD_BLOCKED;
        return outcome_now(R4_OK);
    }
    sched_ready(thread);
    return outcome_now(R4_OK);
}

struct outcome sys_thread_stop(struct invocation *invocation) {
    struct thread *thread = thread_of(invocation->slot);
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    if (thread->state == THREAD_STOPPED) {
        return outcome_now(R4_OK);
    }
    if (thread == invocation->caller) {
        machine_regs_result(thread->registers, R4_OK, 0);
    }
    thread_stop(thread);
    return outcome_now(R4_OK);
}
