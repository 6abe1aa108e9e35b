/* SPDX-License-Identifier: MIT
 *
 * Milestones: a number in each cluster's header that its root task sets and others wait for. The caller holds the
 * cluster lock.
 */
#ifndef R4_KERNEL_MILESTONE_H
#define R4_KERNEL_MILESTONE_H

#include "cluster/cluster.h"

/* Ends waits whose milestone is reached (R4_OK) or cannot be reached any more (R4_ERR_CLUSTER_DOWN): as many as one
 * step may. Sets cluster.poll if it has to be called again. */
void milestone_look(void);
static inline void milestone_check(void) {
    if (cluster.awaited != 0) {
        milestone_look();
    }
}

#endif
