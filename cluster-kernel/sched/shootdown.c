/* SPDX-License-Identifier: MIT
 *
 * Requests from the holder of the lock to other cores. The holder writes `request` (release) and sends the interrupt;
 * the core serves it (core_serve()), then clears `request` (release); the holder waits for that (acquire). There is one
 * holder, so at most one request per core is outstanding.
 */
#include "sched/shootdown.h"
#include "diag/panic.h"
#include "object/thread.h"
#include <r4/contract.h>

static void request_send(uint32_t index, enum core_request request) {
    struct core *target = cluster.cores[index];
    /* The changed page tables, and the fields of a core told to leave, before the request: pairs with core_serve(). */
    atomic_store_explicit(&target->request, request, memory_order_release);
    machine_send(target->apic_id, MACHINE_SHOOTDOWN);
}

static void request_wait(struct core *core, uint32_t index) {
    struct core *target = cluster.cores[index];
    uint64_t bound = machine_now() + (uint64_t)boot_info()->tsc_khz * SHOOTDOWN_BOUND_MS;
    /* Pairs with the clearing store in core_serve(): the flush, or the saved FPU state, before what follows here. */
    while (atomic_load_explicit(&target->request, memory_order_acquire) != CORE_REQUEST_NONE) {
        core_wait_turn(core);
        if (machine_now() > bound) {
            panic("core %u does not answer a shootdown", index);
        }
    }
}

static void request_all(struct core *core, uint64_t cores, enum core_request request) {
    for (uint64_t left = cores; left != 0; left &= left - 1) {
        request_send((uint32_t)__builtin_ctzll(left), request);
    }
    for (uint64_t left = cores; left != 0; left &= left - 1) {
        request_wait(core, (uint32_t)__builtin_ctzll(left));
    }
}

void shootdown_noted(struct core *core) {
    cluster_check_locked();
    uint64_t own = 1ULL << core->index;
    uint64_t others = cluster.noted_cores & ~own;
    if (others != cluster.noted_cores) {
        machine_flush_user();
    }
    cluster.noted_cores = 0;
    if (others != 0) {
        request_all(core, others, CORE_REQUEST_FLUSH);
    }
}

/* Completes core_leave() for `core`: changes its fields under the lock, on the core that holds it. */
static void leave_finish(struct core *core) {
    if (core->faulted) { /* the thread must not be resumed: a trap does not come again */
        core->faulted = false;
        core->current->faulted = true;
    }
    core->fpu = NULL;
    core->current = NULL;
    core->reschedule = true;
    if (core->space != NULL) {
        core->space->cores &= ~(1ULL << core->index);
        core->space = NULL;
    }
}

static void leave_core(struct core *core, uint32_t index) {
    if (index == core->index) {
        core_leave(core);
    } else {
        request_all(core, 1ULL << index, CORE_REQUEST_LEAVE);
    }
    leave_finish(cluster.cores[index]);
}

void shootdown_thread(struct core *core, struct thread *thread) {
    cluster_check_locked();
    struct core *target = cluster.cores[thread->core];
    if (target->current == thread || target->fpu == thread) {
        leave_core(core, thread->core);
    }
}

void shootdown_space(struct core *core, struct pd *pd) {
    cluster_check_locked();
    while (pd->cores != 0) {
        leave_core(core, (uint32_t)__builtin_ctzll(pd->cores));
    }
}
