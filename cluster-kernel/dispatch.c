/* SPDX-License-Identifier: MIT
 *
 * Choosing what a core does next, doing it, and the way out of the kernel. All of it runs under the cluster lock, which
 * the last step gives back. Every path out ends with machine_resume() and cluster_exit().
 */
#include "dispatch.h"
#include "poll.h"
#include "pure/compiler.h"
#include "revoke/create.h"
#include "revoke/revoke.h"
#include "sched/operation.h"
#include "sched/sched.h"
#include "sched/shootdown.h"
#include "sched/slice.h"
#include "serve/borrow.h"
#include <r4/contract.h>

/* --- to a thread, or to a halt --- */

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

/* Updates cluster.idle_cores, and the core that the header tells peers to ring: an idle one if there is one. It stays
 * the same as long as it is idle, since peers have the line in their caches. */
static inline void idle_set(struct core *core, bool idle) {
    if (core->idle == idle) {
        return;
    }
    core->idle = idle;
    uint64_t others = cluster.idle_cores & ~(1ULL << core->index);
    cluster.idle_cores ^= 1ULL << core->index;
    _Atomic uint32_t *doorbell = &own_header()->doorbell_apic;
    bool is_named = atomic_load_explicit(doorbell, memory_order_relaxed) == core->apic_id;
    if (idle ? others == 0 && !is_named : others != 0 && is_named) {
        const struct core *ring = idle ? core : cluster.cores[__builtin_ctzll(others)];
        atomic_store_explicit(doorbell, ring->apic_id, memory_order_relaxed);
    }
}

/* Offers work of the cluster that this core does not do now to a core that is halted or runs something less urgent. */
static void work_offer(const struct core *core) {
    const struct operation *operation = operation_of_cluster();
    if (operation == NULL && !cluster.poll) {
        return;
    }
    uint32_t priority = cluster.poll ? cluster.peer_priority : 0;
    sched_offer(core, operation != NULL && operation->queue.priority > priority ? operation->queue.priority : priority);
}

/* Drops stale translations of memory that has left the direct map, before the core leaves the kernel. */
static void direct_map_refresh(struct core *core) {
    if (core->direct_stale) {
        core->direct_stale = false;
        machine_flush_all();
    }
}

static void enter_thread(struct core *core, struct thread *thread) {
    trace(TRACE_SWITCH, (uintptr_t)thread, thread->pd->root);
    idle_set(core, false);
    space_switch(core, thread->pd);
    fpu_switch(core, thread);
    core->current = thread;
    core->reschedule = false;
    direct_map_refresh(core);
    work_offer(core);
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
    slice_arm(core, NULL, false);
    machine_resume(NULL);
    cluster_exit(core);
}

/* A halt with an event pending takes the interrupt at once; after it, the core chooses again. */
static void halt_for_event(struct core *core) {
    trace(TRACE_HALT, (uintptr_t)core->current, 1);
    core->current = NULL;
    core->reschedule = false;
    machine_resume(NULL);
    cluster_exit(core);
}

/* --- operations --- */

/* Runs an operation until it has ended, waits, should yield, or an abandoned operation has to end first. FINISHED: its
 * record is free, and its thread has the result. */
static enum operation_progress operation_advance(struct core *core, struct operation *operation) {
    enum operation_progress progress;
    operation_take(operation);
    switch (operation->kind) {
    case OPERATION_REVOKE:
    case OPERATION_DELETE:
    case OPERATION_SWEEP:
        progress = revoke_run(core, operation);
        break;
    case OPERATION_CREATE:
        progress = create_run(core, operation);
        break;
    default: /* the others only wait */
        operation_wait(operation);
        return OPERATION_WAITING;
    }
    if (progress != OPERATION_FINISHED) {
        operation_put(operation);
        return progress;
    }
    if (operation->kind == OPERATION_SWEEP) {
        borrow_swept(operation);
    }
    operation_finish(operation, operation->error, operation->kind == OPERATION_CREATE ? 0 : operation->resumed);
    return OPERATION_FINISHED;
}

/* Like operation_advance(), but an operation that is held up runs the abandoned operation first: the memory of the dead
 * thread is in use until that has ended. Flush before yielding: another core may take the lock and reuse what was
 * unmapped (revoke.c). */
static enum operation_progress operation_run(struct core *core, struct operation *operation) {
    struct operation *at = operation;                            /* or the abandoned one that holds it up */
    if (operation->resumed == 0 && cluster_should_yield(core)) { /* the call or message that began it was a long step */
        return OPERATION_PAUSED;
    }
    for (;;) {
        enum operation_progress progress = operation_advance(core, at);
        if (progress == OPERATION_HELD_UP) {
            at = revoke_blocker(operation);
        } else if (at == operation) {
            return progress;
        } else {
            if (progress == OPERATION_PAUSED) {
                at->resumed++;
            }
            at = operation;
            if (progress == OPERATION_PAUSED || cluster_should_yield(core)) {
                shootdown_flush(core);
                return OPERATION_PAUSED;
            }
        }
    }
}

/* The lock is free for a moment: waiting cores get it before this one. `paused` (or null): no other core resumes it. */
static void let_others(struct core *core, struct operation *paused) {
    operation_hold(core, paused);
    cluster_exit(core);
    cluster_enter(core);
    operation_release(core);
}

/* One turn of an operation; `more`: it is not the first one since the core entered the kernel. True if the core has to
 * leave the kernel now to take its interrupt. */
static bool operation_take_turn(struct core *core, struct operation *operation, bool more) {
    if (operation_run(core, operation) == OPERATION_PAUSED) {
        cluster.operations_resumed++;
        operation->resumed++;
    } else if (!more || !cluster_should_yield(core)) {
        return false; /* many short operations, one after the other, are a long one */
    } else {
        operation = NULL; /* finished: the record may be anybody's */
    }
    if (machine_event_pending()) {
        return true;
    }
    let_others(core, operation);
    return false;
}

/* --- what is next --- */

enum choice_kind { CHOICE_POLL, CHOICE_OPERATION, CHOICE_THREAD, CHOICE_HALT };

struct choice {
    enum choice_kind kind;
    struct thread *thread;       /* CHOICE_THREAD; CHOICE_OPERATION: its thread, null if the cluster runs it */
    struct operation *operation; /* CHOICE_OPERATION */
};

/* The most urgent of what this core can do: check what comes from outside, run an operation of the cluster, its first
 * thread's operation, its first thread. What comes from outside goes before a thread of the same priority. */
static struct choice choose(struct core *core) {
    struct runqueue_member *first = sched_first(core);
    if (cluster.poll && (first == NULL || first->priority <= cluster.peer_priority)) {
        return (struct choice){CHOICE_POLL, NULL, NULL};
    }
    if (first == NULL) {
        return (struct choice){CHOICE_HALT, NULL, NULL};
    }
    if (first == &core->share) {
        return (struct choice){CHOICE_OPERATION, NULL, operation_of_cluster()};
    }
    struct thread *thread = sched_thread(first);
    if (thread->operation.kind != OPERATION_NONE) {
        return (struct choice){CHOICE_OPERATION, thread, &thread->operation};
    }
    return (struct choice){CHOICE_THREAD, thread, NULL};
}

/* From now on the core serves the thread, or an operation of the cluster (`thread` is null). The thread before may
 * be in the middle of an operation: then the cluster has it. */
static inline void serve(struct core *core, struct thread *thread, const struct operation *operation) {
    struct thread *before = core->served;
    if (before != thread) {
        core->served = thread;
        if (before != NULL && before->operation.kind != OPERATION_NONE) {
            operation_hand_over(core, &before->operation);
        }
    }
    if (thread != NULL) {
        slice_arm(core, &thread->queue, sched_has_equal(thread));
    } else {
        promise(operation != NULL);
        slice_arm(core, &core->share, sched_share_has_equal(core, &operation->queue));
    }
}

/* Checks what comes from outside. True if the core has to leave the kernel now to take its interrupt. */
static bool take_poll_turn(struct core *core) {
    poll_all(core);
    if (cluster.poll && machine_event_pending()) {
        return true;
    }
    let_others(core, NULL);
    return false;
}

void dispatch(struct core *core) {
    bool more = false;
    cluster_check_locked();
    for (;;) {
        struct choice choice = choose(core);
        bool leave = false;
        switch (choice.kind) {
        case CHOICE_POLL:
            leave = take_poll_turn(core);
            break;
        case CHOICE_OPERATION:
            serve(core, choice.thread, choice.operation);
            leave = operation_take_turn(core, choice.operation, more);
            more = true;
            break;
        case CHOICE_THREAD:
            if (unlikely(choice.thread->faulted)) {
                choice.thread->faulted = false;
                sched_unready(choice.thread, THREAD_STOPPED);
                break;
            }
            serve(core, choice.thread, NULL);
            enter_thread(core, choice.thread);
            return;
        case CHOICE_HALT:
            halt(core);
            return;
        }
        if (leave) {
            halt_for_event(core);
            return;
        }
    }
}
