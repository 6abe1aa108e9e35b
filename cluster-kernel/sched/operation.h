/* SPDX-License-Identifier: MIT
 *
 * Operations under way (pure/operation.h): started after their checks, run in steps, put to sleep, woken, ended. The
 * caller holds the cluster lock. A thread runs its own operation when it is scheduled. The cluster runs a sweep for a
 * peer, the drain, and the operation of a stopped thread (dispatch.c).
 */
#ifndef R4_KERNEL_OPERATION_H
#define R4_KERNEL_OPERATION_H

#include "cluster/cluster.h"
#include "object/thread.h"
#include "pure/derivation.h"

/* Starts an operation of the calling thread, which has none under way; it runs on the way out of the kernel. `root` may
 * be null. Returns the record, of which the caller fills in the rest. */
struct operation *operation_start(struct core *core, struct thread *thread, enum operation_kind kind,
                                  struct r4_slot *root);

/* Starts an operation in a record that is not a thread's (a sweep, the drain); the cluster runs it at `priority`. */
void operation_start_orphan(struct operation *operation, enum operation_kind kind, struct r4_slot *root,
                            uint32_t priority);

/* The most urgent operation that joined this one, or null. */
struct operation *operation_heir(const struct operation *operation);

/* `heir`, which joined the operation, becomes a revoke of the same root, which still exists, and is woken. All others
 * that joined the operation now join the heir. */
void operation_inherit(struct operation *heir, const struct operation *operation);

/* Ends the operation and all that joined it: the threads get the result and may run again. */
void operation_finish(struct operation *operation, enum r4_error error, uint64_t value);

/* The same for an operation that only waited: none can join it. */
void operation_finish_wait(struct operation *operation, enum r4_error error, uint64_t value);

/* The operation waits: its thread blocks, unless the cluster runs it. After operation_wake() it is run again and checks
 * again what it waited for; an operation that does not wait is not changed. */
void operation_wait(struct operation *operation);
void operation_wake(struct core *core, struct operation *operation);

/* Wakes every revoke, delete and sweep that waits for a loan: the state of a loan or peer has changed. */
void operation_wake_loans(struct core *core);

/* The thread does not run it any more. Orphan: the thread is stopped, and the cluster continues the operation. Abandon:
 * the thread is gone, and the operation ends soon, without waiting for peers. */
void operation_orphan(struct core *core, struct operation *operation);
void operation_abandon(struct core *core, struct operation *operation);

/* The most urgent operation that the cluster has to run, at `priority` or above, and that no core works on; or null. */
struct operation *operation_of_cluster(uint32_t priority);

/* An abandoned operation, or null. As long as there is one, the memory of its dead thread is in use. */
struct operation *operation_abandoned(void);

/* True if another operation has the same root: a user's revoke and a peer's. */
bool operation_shares_root(const struct operation *operation);

/* The slot is about to be unlinked: moves the position and root of this operation off it. */
void operation_follow(struct operation *operation, const struct r4_slot *slot);

/* The slot is about to be unlinked, or its content has moved to another slot: updates the positions and roots of all
 * operations. */
static inline void operation_slot_gone(const struct r4_slot *slot) {
    for (struct operation *operation = cluster.operations; operation != NULL; operation = operation->next) {
        if (operation->position == slot || operation->root == slot || operation->last == slot) {
            operation_follow(operation, slot);
        }
    }
}
static inline void operation_slot_moved(const struct r4_slot *from, struct r4_slot *to) {
    for (struct operation *operation = cluster.operations; operation != NULL; operation = operation->next) {
        if (operation->kind == OPERATION_CREATE) { /* its slots do not move; its position may be one past them */
            continue;
        }
        operation->position = operation->position == from ? to : operation->position;
        operation->root = operation->root == from ? to : operation->root;
    }
}

/* Removes a slot, from which nothing derives, from its list and empties it; moves the positions of operations off
 * it. */
static inline void operation_slot_unlink(struct r4_slot *slot) {
    operation_slot_gone(slot);
    derivation_remove(machine_direct(), slot);
}

/* A cap page has died: the drain (revoke.h) removes what is in it. `header` is its slot 0; the page is in no window. */
void operation_drain_add(struct r4_slot *header);

#endif
