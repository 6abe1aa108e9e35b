/* SPDX-License-Identifier: MIT
 *
 * The run queues in use: fixed priorities, round robin among equals, one queue per core. These functions put threads in
 * and take them out, and tell a core to choose again; dispatch.h chooses. The caller holds the cluster lock.
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

/* The thread, which is configured and in no queue, may run: it becomes READY and enters its core's queue. That core
 * chooses again if it runs something lower. */
void sched_ready(struct thread *thread);

/* The thread cannot run: it leaves its core's queue. `state` is THREAD_STOPPED or THREAD_BLOCKED. If a core runs the
 * thread, that core chooses again. */
void sched_unready(struct thread *thread, enum thread_state state);

/* Makes the core that runs the least urgent thing, if that is below `priority` or a halt, choose again, so that the
 * cluster's work gets done. This core chooses again in any case. */
void sched_kick(struct core *core, uint32_t priority);

/* Makes one other core choose again that is halted or runs something below `priority`, if there is one. */
void sched_offer(const struct core *core, uint32_t priority);

#endif
