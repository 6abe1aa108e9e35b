/* SPDX-License-Identifier: MIT
 *
 * Threads: their first state, their binding to a PD, their end.
 */
#include "object/thread.h"
#include "cluster/cluster.h"
#include "pure/derivation.h"
#include "sched/operation.h"
#include "sched/sched.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

void thread_init(phys_t object) {
    KERNEL_CHECK(is_aligned(object, 1U << THREAD_LOG2));
    struct thread *thread = (struct thread *)(machine_direct() + object);
    thread->registers = &thread->saved;
    machine_fpu_init(thread->fpu);
}

struct thread *thread_of(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_THREAD);
    return (struct thread *)(machine_direct() + slot_object(slot));
}

void thread_configure(struct thread *thread, struct r4_slot *pd_cap, uint64_t entry, uint64_t stack,
                      uint64_t argument) {
    KERNEL_CHECK(thread->state == THREAD_STOPPED && thread->operation.kind == OPERATION_NONE);
    KERNEL_CHECK(slot_depth(pd_cap) < R4_DEPTH_MAX && pd_of(pd_cap)->window.name != 0);
    cluster_check_locked();
    struct slot_content reference = {
        .type = R4_CAP_INTERNAL,
        .object = (uintptr_t)thread - machine_direct(),
        .size_log2 = THREAD_LOG2,
        .depth = (uint32_t)slot_depth(pd_cap) + 1,
        .badge = REFERENCE_THREAD_PD,
    };
    if (thread->pd != NULL) {
        operation_slot_unlink(&thread->pd_slot);
    }
    derivation_create(machine_direct(), pd_cap, &thread->pd_slot, &reference);
    thread->pd = pd_of(pd_cap);
    machine_regs_start(thread->registers, entry, stack, argument);
}

void thread_stop(struct thread *thread) {
    cluster_check_locked();
    sched_unready(thread, THREAD_STOPPED);
    shootdown_thread(machine_core(), thread);
    if (thread->operation.kind != OPERATION_NONE) {
        operation_orphan(machine_core(), &thread->operation);
    }
}

void thread_detach_pd(struct thread *thread) {
    KERNEL_CHECK(thread->pd != NULL);
    cluster_check_locked();
    thread_stop(thread);
    thread->pd = NULL;
}

struct r4_slot *thread_destroy(struct r4_slot *slot) {
    cluster_check_locked();
    struct thread *thread = thread_of(slot);
    if ((slot_flags(slot) & R4_FLAG_CREATING) != 0) {
        return NULL;
    }
    sched_unready(thread, THREAD_STOPPED);
    shootdown_thread(machine_core(), thread);
    if (thread->pd != NULL) {
        thread->pd = NULL;
        operation_slot_unlink(&thread->pd_slot);
    }
    if (!operation_abandon(machine_core(), &thread->operation)) {
        return NULL;
    }
    derivation_die(machine_direct(), slot, &thread->pd_slot);
    operation_slot_moved(slot, &thread->pd_slot);
    return &thread->pd_slot;
}

struct thread *thread_dying(struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_DYING && !slot_is_dying_page(slot));
    return (struct thread *)((char *)slot - offsetof(struct thread, pd_slot));
}
