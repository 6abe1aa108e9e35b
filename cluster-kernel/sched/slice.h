/* SPDX-License-Identifier: MIT
 *
 * Slices: how long a thread runs before an equal gets its turn. A thread that is preempted by a more urgent one keeps
 * what is left of its slice; with a new slice each time it would starve its equals. The timer is armed only while the
 * thread that is served has an equal. The operations that the cluster runs have one slice on each core, together, like
 * a thread (sched.h): after it the next of them is first. The caller holds the cluster lock.
 *
 * core->slice_owner is null, in this core's run queue, or core->share; so it may be followed.
 */
#ifndef R4_KERNEL_SLICE_H
#define R4_KERNEL_SLICE_H

#include "cluster/cluster.h"

/* Another member of the queue owns the slice, or nobody (null): the one before keeps what is left, the timer is armed
 * or stopped. */
void slice_change(struct core *core, struct runqueue_member *owner);

/* This core serves `member` of its run queue, or its share, from now on; it owns a slice if it has an equal. A null
 * member: it serves nobody. Called at each choice; usually nothing has changed. */
static inline void slice_arm(struct core *core, struct runqueue_member *member, bool equal) {
    struct runqueue_member *owner = equal ? member : NULL;
    if (core->slice_owner != owner || (owner == NULL && core->slice_end != 0)) {
        slice_change(core, owner);
    }
}

/* The timer: if the slice is over, its owner becomes the last of its equals; if it is time for the console, it is
 * polled. The interrupt may be one of a timer that was set anew meanwhile: that one is still to come. */
void slice_tick(struct core *core);

/* The member leaves the run queue of `core`; its next slice is a whole one. */
static inline void slice_forget(struct core *core, struct runqueue_member *member) {
    member->slice_left = 0;
    if (core->slice_owner == member) {
        core->slice_owner = NULL;
    }
}

#endif
