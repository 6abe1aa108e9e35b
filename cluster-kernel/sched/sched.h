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

/* The same as sched_first() while the cluster has an operation to run, or core->share is still in the core's queue,
 * whose first member is `first`. Such operations have a slice of each core like one thread of theirs: the share is in
 * the queue, at first as the last of its equals, from when the most urgent one is as urgent as the core's first thread
 * until there is none as urgent as that. */
struct runqueue_member *sched_first_shared(struct core *core, struct runqueue_member *first);

/* What this core serves first: a thread's `queue`; core->share, for the cluster's operations; or null. */
static inline struct runqueue_member *sched_first(struct core *core) {
    struct runqueue_member *first = runqueue_first(&core->queue);
    bool shared = cluster.orphans.summary != 0 || runqueue_contains(&core->share);
    return unlikely(shared) ? sched_first_shared(core, first) : first;
}

/* True if another thread of its core, or an operation of the cluster, is as urgent as this thread. */
static inline bool sched_has_equal(const struct thread *thread) {
    if (unlikely(cluster.orphans.summary != 0) &&
        runqueue_first(&cluster.orphans)->priority == thread->queue.priority) {
        return true;
    }
    return runqueue_has_peer(&thread->queue);
}

/* True if the core's share, which is served for this operation of the cluster, has an equal. */
static inline bool sched_share_has_equal(const struct core *core, const struct runqueue_member *operation) {
    return runqueue_has_peer(operation) ||
           (core->share.priority == operation->priority && runqueue_has_peer(&core->share));
}

/* The thread of such a member, which is not a core's share. */
static inline struct thread *sched_thread(struct runqueue_member *member) {
    return (struct thread *)((char *)member - offsetof(struct thread, queue));
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
