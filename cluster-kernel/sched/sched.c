/* SPDX-License-Identifier: MIT
 *
 * Choosing, and the way out of the kernel.
 */
#include "sched/sched.h"
#include "cluster/cluster.h"
#include "peer/mailbox.h"
#include "sched/operation.h"
#include <r4/string.h>

static struct thread *thread_in(struct runqueue_member *member) {
    return member == NULL ? NULL : (struct thread *)((char *)member - offsetof(struct thread, queue));
}

void sched_start(void) {
    char option[16];
    uint64_t slice_us = SCHED_SLICE_US;
    if (string_option(boot_info()->command, "slice_us", option, sizeof(option))) {
        string_number(option, &slice_us);
    }
    cluster.slice_ticks = boot_info()->tsc_khz * slice_us / 1000 + 1;
}

/* Makes another core choose again; the own one is told by its flag alone. */
static void ask_to_choose(struct core *target) {
    target->reschedule = true;
    if (target != machine_core()) {
        machine_send(target->apic_id, MACHINE_RESCHEDULE);
    }
}

void sched_ready(struct thread *thread) {
    struct core *target = cluster.cores[thread->core];
    thread->state = THREAD_READY;
    runqueue_append(&target->queue, &thread->queue);
    if (target->idle || target->current == NULL || target->current->queue.priority < thread->queue.priority) {
        ask_to_choose(target);
    } else if (target->slice_end == 0 && target->current->queue.priority == thread->queue.priority) {
        ask_to_choose(target); /* it has an equal now: its timer has to be armed */
    }
}

void sched_unready(struct thread *thread, enum thread_state state) {
    struct core *target = cluster.cores[thread->core];
    if (thread->state == THREAD_READY) {
        runqueue_remove(&target->queue, &thread->queue);
    }
    thread->state = state;
    if (target->current == thread) {
        target->reschedule = true;
    }
}

void sched_tick(struct core *core) {
    struct thread *thread = thread_in(runqueue_first(&core->queue));
    if (thread != NULL && core->slice_end != 0) { /* a timer that comes early ends the slice early */
        runqueue_rotate(&core->queue, &thread->queue);
        core->slice_end = 0;
    }
}

static uint32_t priority_now(const struct core *core) {
    return core->current == NULL || core->idle ? 0 : core->current->queue.priority;
}

void sched_kick(struct core *core, uint32_t priority) {
    struct core *best = core;
    for (uint32_t i = 0; i < core_count(); i++) {
        if (priority_now(cluster.cores[i]) < priority_now(best)) {
            best = cluster.cores[i];
        }
    }
    if (best->idle || priority_now(best) < priority) {
        ask_to_choose(best);
    }
    core->reschedule = true;
}

static void space_switch(struct core *core, struct pd *pd) {
    uint64_t own = 1ULL << core->index;
    if (core->space == pd) {
        return;
    }
    if (core->space != NULL) {
        core->space->cores &= ~own;
    }
    core->space = pd;
    if (pd == NULL) {
        machine_space_load_kernel();
    } else {
        pd->cores |= own;
        machine_space_load(pd->root);
    }
}

static void fpu_switch(struct core *core, struct thread *thread) {
    if (core->fpu == thread) {
        return;
    }
    if (core->fpu != NULL) {
        machine_fpu_save(core->fpu->fpu);
    }
    if (thread != NULL) {
        machine_fpu_load(thread->fpu);
    }
    core->fpu = thread;
}

/* Keeps cluster.idle_cores and the header's choice of the core to ring (an idle one if there is one) in step. */
static void idle_set(struct core *core, bool idle) {
    if (core->idle == idle) {
        return;
    }
    core->idle = idle;
    cluster.idle_cores ^= 1ULL << core->index;
    uint64_t candidates = cluster.idle_cores;
    const struct core *ring = candidates == 0 ? core : cluster.cores[__builtin_ctzll(candidates)];
    atomic_store_explicit(&own_header()->doorbell_apic, ring->apic_id, memory_order_relaxed);
}

/* A timer is armed only when the thread has an equal to yield to; whether it runs in user mode or its operation does.
 */
static void slice_arm(struct core *core, const struct thread *thread) {
    if (!runqueue_has_peer(&thread->queue)) {
        if (core->slice_end != 0) {
            core->slice_end = 0;
            machine_timer_stop();
        }
    } else if (core->slice_owner != thread || core->slice_end == 0) {
        core->slice_owner = thread;
        core->slice_end = machine_now() + cluster.slice_ticks;
        machine_timer_set(core->slice_end);
    }
}

/* What this core has no time for, another may have: one that is halted or runs something below it. */
static void work_offer(const struct core *core) {
    const struct operation *operation = cluster.work != 0 ? operation_of_cluster(0) : NULL;
    if (operation == NULL && !cluster.poll) {
        return;
    }
    uint32_t priority = cluster.poll ? cluster.peer_priority : 0;
    priority = operation != NULL && operation->priority > priority ? operation->priority : priority;
    for (uint32_t i = 0; i < core_count(); i++) {
        struct core *other = cluster.cores[i];
        if (other != core && (other->idle || priority_now(other) < priority)) {
            ask_to_choose(other);
            return;
        }
    }
}

/* Stale translations of memory that has left the direct map go before the core leaves the kernel. */
static void direct_map_refresh(struct core *core) {
    if (core->direct_stale) {
        core->direct_stale = false;
        machine_flush_all();
    }
}

static void dispatch(struct core *core, struct thread *thread) {
    trace(TRACE_SWITCH, (uintptr_t)thread, thread->pd->root);
    idle_set(core, false);
    space_switch(core, thread->pd);
    fpu_switch(core, thread);
    core->current = thread;
    core->reschedule = false;
    direct_map_refresh(core);
    work_offer(core);
    slice_arm(core, thread);
    machine_resume(thread->registers);
    cluster_exit(core);
}

static void halt(struct core *core) {
    trace(TRACE_HALT, (uintptr_t)core->current, 0);
    direct_map_refresh(core);
    idle_set(core, true);
    fpu_switch(core, NULL);
    space_switch(core, NULL);
    core->current = NULL;
    core->reschedule = false;
    if (core->slice_end != 0) {
        core->slice_end = 0;
        machine_timer_stop();
    }
    machine_resume(NULL);
    cluster_exit(core);
}

/* Runs an operation until it ends, waits or has to make way. True if the core has to go out now to take its interrupt.
 */
static bool operation_turn(struct core *core, struct operation *operation) {
    if (operation_run(core, operation) != OPERATION_PAUSED) {
        return false;
    }
    cluster.operations_resumed++;
    operation->resumed++;
    if (machine_event_pending()) {
        return true;
    }
    core->working = operation; /* nobody else takes it up while we wait for our turn again */
    cluster_exit(core);        /* fair: who waits gets the lock before us */
    cluster_enter(core);
    core->working = NULL;
    return false;
}

/* Halting with an event pending takes the interrupt at once, and the choice is made anew after it. */
static void halt_for_event(struct core *core) {
    trace(TRACE_HALT, (uintptr_t)core->current, 1);
    core->current = NULL;
    core->reschedule = false;
    machine_resume(NULL);
    cluster_exit(core);
}

void sched_choose(struct core *core) {
    for (;;) {
        struct thread *thread = thread_in(runqueue_first(&core->queue));
        struct operation *operation = NULL;
        if (cluster.poll && (thread == NULL || thread->queue.priority <= cluster.peer_priority)) {
            poll_all(core);
            if (cluster.poll && machine_event_pending()) {
                halt_for_event(core);
                return;
            }
            cluster_exit(core);
            cluster_enter(core);
            continue;
        }
        if (cluster.work != 0) {
            operation = operation_of_cluster(thread == NULL ? 0 : thread->queue.priority);
        }
        if (operation == NULL && thread != NULL && thread->operation.kind != OPERATION_NONE) {
            operation = &thread->operation;
            slice_arm(core, thread);
        }
        if (operation == NULL) {
            break;
        }
        if (operation_turn(core, operation)) {
            halt_for_event(core);
            return;
        }
    }
    struct thread *thread = thread_in(runqueue_first(&core->queue));
    if (thread == NULL) {
        halt(core);
    } else {
        dispatch(core, thread);
    }
}
