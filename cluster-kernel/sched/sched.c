/* SPDX-License-Identifier: MIT
 *
 * Which thread is in a run queue, and which core has to choose again. A core chooses again if its `reschedule` is set:
 * another core needs the interrupt as well.
 */
#include "sched/sched.h"
#include "sched/slice.h"
#include <r4/contract.h>
#include <r4/string.h>

void sched_start(void) {
    char option[16];
    uint64_t slice_us = SCHED_SLICE_US;
    if (string_option(boot_info()->command, "slice_us", option, sizeof(option))) {
        string_number(option, &slice_us);
    }
    cluster.slice_ticks = boot_info()->tsc_khz * slice_us / 1000 + 1;
}

/* A more urgent operation leaves the share where it is, and does not use its turn: else an operation would starve among
 * equals if a more urgent one comes often. There is one share: while it is in use among less urgent threads, a more
 * urgent operation goes before its equals. */
struct runqueue_member *sched_first_shared(struct core *core, struct runqueue_member *first) {
    const struct runqueue_member *operation = runqueue_first(&cluster.orphans);
    bool queued = runqueue_contains(&core->share);
    cluster_check_locked();
    if (queued && (operation == NULL || operation->priority < core->share.priority)) {
        runqueue_remove(&core->queue, &core->share);
        slice_forget(core, &core->share);
        queued = false;
        first = runqueue_first(&core->queue);
    }
    if (operation == NULL || (first != NULL && first->priority > operation->priority)) {
        return first;
    }
    if (first == NULL || first->priority < operation->priority) {
        return &core->share;
    }
    if (queued) {
        return core->share.priority == operation->priority ? first : &core->share;
    }
    core->share.priority = operation->priority;
    runqueue_append(&core->queue, &core->share);
    return first;
}

/* Makes a core choose again; for this core the flag is enough. */
static void ask_to_choose(struct core *target) {
    target->reschedule = true;
    if (target != machine_core()) {
        machine_send(target->apic_id, MACHINE_RESCHEDULE);
    }
}

void sched_ready(struct thread *thread) {
    KERNEL_CHECK(thread->state != THREAD_READY && thread->pd != NULL);
    cluster_check_locked();
    struct core *target = cluster.cores[thread->core];
    thread->state = THREAD_READY;
    runqueue_append(&target->queue, &thread->queue);
    if (target->idle || target->current == NULL || target->current->queue.priority < thread->queue.priority) {
        ask_to_choose(target);
    } else if (target->slice_owner == NULL && target->current->queue.priority == thread->queue.priority) {
        ask_to_choose(target); /* its thread has an equal now: the timer has to be armed */
    }
}

void sched_unready(struct thread *thread, enum thread_state state) {
    KERNEL_CHECK(state != THREAD_READY);
    cluster_check_locked();
    struct core *target = cluster.cores[thread->core];
    if (thread->state == THREAD_READY) {
        runqueue_remove(&target->queue, &thread->queue);
        slice_forget(target, &thread->queue);
    }
    if (target->served == thread) {
        target->served = NULL;
    }
    thread->state = state;
    if (target->current == thread) {
        target->reschedule = true;
    }
}

static uint32_t priority_now(const struct core *core) {
    return core->current == NULL || core->idle ? 0 : core->current->queue.priority;
}

/* True if the core has to choose again so that an operation of that priority gets its turn: the core is halted, or runs
 * something less urgent, or an equal that has no timer yet. */
static bool has_to_ask(const struct core *core, uint32_t priority) {
    return core->idle || priority_now(core) < priority || (priority_now(core) == priority && core->slice_owner == NULL);
}

void sched_kick(struct core *core, uint32_t priority) {
    cluster_check_locked();
    struct core *best = core;
    for (uint32_t i = 0; i < core_count(); i++) {
        if (priority_now(cluster.cores[i]) < priority_now(best)) {
            best = cluster.cores[i];
        }
    }
    if (has_to_ask(best, priority)) {
        ask_to_choose(best);
    }
    core->reschedule = true;
}

void sched_offer(const struct core *core, uint32_t priority) {
    cluster_check_locked();
    for (uint32_t i = 0; i < core_count(); i++) {
        struct core *other = cluster.cores[i];
        if (other != core && has_to_ask(other, priority)) {
            ask_to_choose(other);
            return;
        }
    }
}
