/* SPDX-License-Identifier: MIT
 *
 * Revoke, delete, and the sweep for a peer: one engine. It first marks the root and then every slot of its run busy,
 * going forward, so that nothing new can derive from them; then removes them, going backward, leaf by leaf, so that no
 * cap outlives its parent; then settles: what died on the way (cap pages with content, threads with operations) is
 * taken apart until nothing of it is left and no core can reach it. Preemptible after a bounded number of steps; its
 * position is moved by whoever unlinks the slot there, so any number of them may work on overlapping runs.
 *
 * RemoteRefs met on the way forward are asked back at once, all in parallel; on the way backward it waits for each.
 * What a dead peer holds stays lent, with its ancestors: the operation ends with R4_ERR_CLUSTER_DOWN and everything
 * else removed.
 */
#ifndef R4_KERNEL_REVOKE_H
#define R4_KERNEL_REVOKE_H

#include "object/thread.h"

#define REVOKE_STEPS 16U /* slots marked or removed between two looks for something more urgent */
#define REVOKE_FEW   4U  /* operations under way: with more, a slot at which all of them are looked at is a step */

/* Starts the marking: the operation's root becomes busy. */
void revoke_begin(struct operation *operation);

/* Runs a REVOKE, DELETE or SWEEP until it ends, waits, should make way, or cannot end before an operation whose thread
 * is gone. Ended: all that the caller still has to do is operation_finish(). */
enum operation_progress revoke_run(struct core *core, struct operation *operation);

/* Runs the cluster's drain of dying cap pages until it is empty or should make way. Never waits for a peer. */
enum operation_progress revoke_drain_run(struct core *core);

#endif
