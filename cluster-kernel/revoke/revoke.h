/* SPDX-License-Identifier: MIT
 *
 * Revoke, delete, and the sweep for a peer: one engine. It flags the root and goes forward through its run: it removes
 * plain leaves at once and marks every other slot, so that nothing new can derive from it. A mark goes with the slot,
 * whoever else revokes a part of the run meanwhile, so a revoke ends within a bounded number of its own turns. Then it
 * removes what is left, going backward, leaf by leaf, so that no cap outlives its parent. A dying cap page that it
 * meets is emptied first, slot by slot, with all that derives from each (revoke/dying.h); the thread of an abandoned
 * operation goes when that operation has ended. Preemptible after a bounded number of steps. Whoever unlinks the slot
 * at its position moves the position, so any number of operations may work on overlapping runs.
 *
 * Going forward, it asks for the memory of all RemoteRefs at once, in parallel; going backward, it waits for each. What
 * a dead peer holds stays lent, and its ancestors stay too: the operation ends with R4_ERR_CLUSTER_DOWN, and everything
 * else is removed. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_REVOKE_H
#define R4_KERNEL_REVOKE_H

#include "object/thread.h"

#define REVOKE_STEPS   16U /* slots marked or removed between two checks for something more urgent */
#define REVOKE_AT_ONCE 8U  /* slots that the call itself removes */

/* Revokes as much as one step can, without an operation. True: nothing derives from the slot any more. */
bool revoke_at_once(struct r4_slot *root);

/* Starts the marking: the operation's root is flagged. */
void revoke_begin(struct operation *operation);

/* Runs a REVOKE, DELETE or SWEEP, which the caller has taken (operation_take()), until it has ended (FINISHED: the
 * caller only has to call operation_finish()), waits for a peer (WAITING), should yield (PAUSED), or an abandoned
 * operation has to end first (HELD_UP). What it has unmapped is flushed when it returns. */
enum operation_progress revoke_run(struct core *core, struct operation *operation);

/* HELD_UP: the operation that has to end first. It is abandoned, so nothing holds it up. */
struct operation *revoke_blocker(const struct operation *operation);

#endif
