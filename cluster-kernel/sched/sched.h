/* SPDX-License-Identifier: MIT
 *
 * The run queues in use: fixed priorities, round robin among equals, one queue per core. Here a thread comes and goes,
 * and a core is told to choose again; dispatch.h chooses. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_SCHED_H
#define R4_KERNEL_SCHED_H

#include "cluster/cluster.h"
#include "object/thread.h"

#define SCHED_SLICE_US 5000U /* before an equal gets its turn; `slice_us=N` on the command line sets another */

/* At boot: reads the length of a slice. */
void sched_start(void);

/* The first thread of this core's queue, or null. */
static inline struct thread *sched_first(const struct core *core) {
    struct runqueue_member *first = runqueue_first(&core->queue);
    return first == NULL ? NULL : (struct thread *)((char *)first - offsetof(struct thread, queue));
}

/* The thread, which is in no queue, may run: it enters its core's queue, and that core chooses again if it runs
 * something lower. */
void sched_ready(struct thread *thread);

/* The thread cannot run: it leaves its core's queue. `state` is STOPPED or BLOCKED. If a core runs it, that core
 * chooses again. */
void sched_unready(struct thread *thread, enum thread_state state);

/* The slice of the current thread may be over (timer). */
void sched_tick(struct core *core);

/* A core that is halted, or runs something below `priority`, is made to choose again, so that work of the cluster gets
 * done; this core chooses again in any case. */
void sched_kick(struct core *core, uint32_t priority);

/* The same, if there is such a core besides this one; this one goes on. */
void sched_offer(const struct core *core, uint32_t priority);

#endif
