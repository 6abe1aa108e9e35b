/* SPDX-License-Identifier: MIT
 *
 * The scheduler: fixed priorities, round robin among equals, one queue per core. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_SCHED_H
#define R4_KERNEL_SCHED_H

#include "cluster/cluster.h"
#include "object/thread.h"

#define SCHED_SLICE_US 5000U /* before an equal gets its turn; `slice_us=N` on the command line sets another */

/* At boot: reads the length of a slice. */
void sched_start(void);

/* The thread may run: it enters its core's queue, and that core chooses again if it runs something lower. */
void sched_ready(struct thread *thread);

/* The thread cannot run: it leaves its core's queue. `state` is STOPPED or BLOCKED. If a core runs it, that core
 * chooses again. */
void sched_unready(struct thread *thread, enum thread_state state);

/* The slice of the current thread may be over (timer). */
void sched_tick(struct core *core);

/* A core that is halted, or runs something below `priority`, is made to choose again, so that work of the cluster gets
 * done. */
void sched_kick(struct core *core, uint32_t priority);

/* Chooses what this core does next (an operation of the cluster, a thread, nothing), tells the machine and gives the
 * lock back. */
void sched_choose(struct core *core);

/* The way out of a system call: back to the caller (true), whose registers are still the ones to resume, unless
 * something has changed. Whoever gives this core another thing to do sets `reschedule`. */
static inline bool sched_leave(struct core *core) {
    if (core->reschedule) {
        sched_choose(core);
        return false;
    }
    cluster_exit(core);
    return true;
}

#endif
