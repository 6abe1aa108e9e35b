/* SPDX-License-Identifier: MIT
 *
 * Revoke, delete, and the sweep for a peer: one engine. It flags the root and marks every slot of its run, going
 * forward, so that nothing new can derive from them. A mark goes with the slot, whoever else revokes a part of the run
 * meanwhile, so a revoke ends within a bounded number of its own turns. Then it removes them, going backward, leaf by
 * leaf, so that no cap outlives its parent. Then it settles: what died meanwhile (cap pages with content, threads with
 * operations) is taken apart until nothing of it is left and no core can reach it. Preemptible after a bounded number
 * of steps. Whoever unlinks the slot at its position moves the position, so any number of operations may work on
 * overlapping runs.
 *
 * Going forward, it asks for the memory of all RemoteRefs at once, in parallel; going backward, it waits for each. What
 * a dead peer holds stays lent, and its ancestors stay too: the operation ends with R4_ERR_CLUSTER_DOWN, and everything
 * else is removed. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_REVOKE_H
#define R4_KERNEL_REVOKE_H

#include "object/thread.h"

#define REVOKE_STEPS 16U /* slots marked or removed between two checks for something more urgent */
#define REVOKE_FEW   4U  /* with more operations under way, each removed slot is followed by such a check */

/* Starts the marking: the operation's root is flagged. */
void revoke_begin(struct operation *operation);

/* Runs a REVOKE, DELETE or SWEEP until it has ended (FINISHED: the caller only has to call operation_finish()), waits
 * for a peer (WAITING), should yield (PAUSED), or an abandoned operation has to end first (HELD_UP). What it has
 * unmapped is flushed when it returns, except with HELD_UP. */
enum operation_progress revoke_run(struct core *core, struct operation *operation);

/* Runs the cluster's drain of dying cap pages until none is left (FINISHED) or it should yield (PAUSED). Never waits
 * for a peer. */
enum operation_progress revoke_drain_run(struct core *core);

#endif
