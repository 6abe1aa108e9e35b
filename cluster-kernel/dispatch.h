/* SPDX-License-Identifier: MIT
 *
 * The dispatcher: what a core does next, and the way out of the kernel. The caller holds the cluster lock, which is
 * given back on the way out.
 */
#ifndef R4_KERNEL_DISPATCH_H
#define R4_KERNEL_DISPATCH_H

#include "cluster/cluster.h"

/* Chooses what this core does next (look at what comes from outside, an operation, a thread, nothing), does all but the
 * last two in turns, tells the machine what to resume and gives the lock back. */
void dispatch(struct core *core);

/* The way out of a system call: back to the caller (true), whose registers are still the ones to resume, unless
 * something has changed. Whoever gives this core another thing to do sets `reschedule`. */
static inline bool dispatch_leave(struct core *core) {
    cluster_check_locked();
    if (core->reschedule) {
        dispatch(core);
        return false;
    }
    cluster_exit(core);
    return true;
}

#endif
