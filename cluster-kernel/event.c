/* SPDX-License-Identifier: MIT
 *
 * Interrupts and faults: the entries of the kernel besides system calls. Called by the machine alone (machine.h).
 */
#include "cluster/cluster.h"
#include "diag/log.h"
#include "dispatch.h"
#include "root.h"
#include "sched/sched.h"
#include "sched/shootdown.h"
#include "sched/slice.h"

void kernel_event(enum machine_event event) {
    struct core *core = machine_core();
    trace(TRACE_EVENT, event, (uintptr_t)core->current);
    if (event == MACHINE_SHOOTDOWN && !core_serve(core) && core->current != NULL) {
        /* Flushed: back to the thread, without the lock. A halted core chooses again below, since it may have halted
         * only to take this event. */
        return;
    }
    cluster_enter(core);
    if (event == MACHINE_TIMER) {
        slice_tick(core);
    } else if (event >= MACHINE_DOORBELL) {
        cluster.rung |= 1U << (event - MACHINE_DOORBELL);
        cluster.poll = true;
    }
    dispatch(core);
}

/* What is told of the thread is read before the wait for the lock: meanwhile another core may make this one leave the
 * thread, even end it. Then that core has noted the fault, and the dispatcher stops the thread. */
void kernel_fault(uint64_t vector, uint64_t error, uint64_t address) {
    struct core *core = machine_core();
    struct thread *thread = core->current;
    uint64_t ip = machine_regs_ip(thread->registers);
    uint64_t sp = machine_regs_sp(thread->registers);
    trace(TRACE_FAULT, vector, address);
    core->faulted = true;
    cluster_enter(core);
    log_line("%sthread %lx on core %u stopped: exception %lu, error %lx, address %lx, ip %lx, sp %lx",
             root_is(thread) ? "the root task's " : "", (uintptr_t)thread - machine_direct(), core->index, vector,
             error, address, ip, sp);
    if (core->faulted) {
        core->faulted = false;
        sched_unready(thread, THREAD_STOPPED);
    }
    dispatch(core);
}
