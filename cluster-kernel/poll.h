/* SPDX-License-Identifier: MIT
 *
 * Checks what comes from outside this cluster. The dispatcher calls it when cluster.poll is set, and holds the cluster
 * lock.
 */
#ifndef R4_KERNEL_POLL_H
#define R4_KERNEL_POLL_H

#include "cluster/cluster.h"

/* Prints what other clusters have logged, takes messages, sends what waits for a slot, finds peers that have died and
 * milestones that are reached, ends the run when all clusters have finished. cluster.poll is set afterwards if it
 * should be called again soon. */
void poll_all(struct core *core);

#endif
