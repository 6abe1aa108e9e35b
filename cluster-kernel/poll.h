/* SPDX-License-Identifier: MIT
 *
 * Looking at what comes from outside this cluster. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_POLL_H
#define R4_KERNEL_POLL_H

#include "cluster/cluster.h"

/* Prints what other clusters have logged, takes messages, sends what waits for a slot, looks who has died and which
 * milestones are reached, ends the run when all have finished. cluster.poll stays set if it should be called again
 * soon. */
void poll_all(struct core *core);

#endif
