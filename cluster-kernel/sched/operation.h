/* SPDX-License-Identifier: MIT
 *
 * Operations under way (pure/operation.h): started after their checks, run in steps, put to sleep, woken, ended. The
 * caller holds the cluster lock. A thread whose call is under way runs it itself when it is scheduled; a sweep for a
 * peer, and what a stopped thread left, the cluster runs (dispatch.c).
 */
#ifndef R4_KERNEL_OPERATION_H
#define R4_KERNEL_OPERATION_H

#include "cluster/cluster.h"
#include "object/thread.h"
#include "pure/derivation.h"

/* Starts the calling thread's operation; it runs on the way out of the kernel. `root` may be null. Returns the record
 * to be filled in. */
struct operation *operation_start(struct core *core, struct thread *thread, enum operation_kind kind,
                                  struct r4_slot *root);

/* Lists a record that is not a thread's (a sweep, the drain), to be run by the cluster at `priority`. */
void operation_start_orphan(struct operation *operation, enum operation_kind kind, struct r4_slot *root,
                            uint32_t priority);

/* The most urgent of those who joined the operation, or null. */
struct operation *operation_heir(const struct operation *operation);

/* `heir`, who joined the operation, goes on with a revoke of the same root, which is there, and is woken; the others
 * who joined it have joined the heir then. */
void operation_inherit(struct operation *heir, const struct operation *operation);

/* Ends it: result to the thread, which may run again; whoever joined ends too. */
void operation_finish(struct operation *operation, enum r4_error error, uint64_t value);

/* The same for one that nobody can join: it only waited. */
void operation_finish_wait(struct operation *operation, enum r4_error error, uint64_t value);

/* It waits: its thread, if it drives it, blocks. Woken, it is run again and looks again. */
void operation_wait(struct operation *operation);
void operation_wake(struct core *core, struct operation *operation);

/* Wakes every revoke, delete and sweep that waits for a loan: something has changed at one. */
void operation_wake_loans(struct core *core);

/* The thread does not drive it any more: stopped (the cluster goes on), or gone (it ends soon and without waiting for
 * peers). */
void operation_orphan(struct core *core, struct operation *operation);
void operation_abandon(struct core *core, struct operation *operation);

/* The most urgent operation that the cluster has to run at or above `priority`; null: none. */
struct operation *operation_of_cluster(uint32_t priority);

/* An abandoned operation, or null. Memory of dead threads is in use as long as there is one. */
struct operation *operation_abandoned(void);

/* True if another operation has the same root: a user's revoke and a peer's. */
bool operation_shares_root(const struct operation *operation);

/* A slot is about to be unlinked: positions of this operation follow. */
void operation_follow(struct operation *operation, const struct r4_slot *slot);

/* A slot is about to be unlinked, or has moved in place: positions of all operations follow. */
static inline void operation_slot_gone(const struct r4_slot *slot) {
    for (struct operation *operation = cluster.operations; operation != NULL; operation = operation->next) {
        if (operation->position == slot || operation->root == slot || operation->last == slot) {
            operation_follow(operation, slot);
        }
    }
}
static inline void operation_slot_moved(const struct r4_slot *from, struct r4_slot *to) {
    for (struct operation *operation = cluster.operations; operation != NULL; operation = operation->next) {
        if (operation->kind == OPERATION_CREATE) { /* its slots do not move; those beside them are somebody else's */
            continue;
        }
        operation->position = operation->position == from ? to : operation->position;
        operation->root = operation->root == from ? to : operation->root;
    }
}

/* Takes a slot from which nothing derives out of its list and empties it; positions of operations on it move. */
static inline void operation_slot_unlink(struct r4_slot *slot) {
    operation_slot_gone(slot);
    derivation_remove(machine_direct(), slot);
}

/* A cap page has died: what is in it goes with it, by the drain (revoke.h). `header` is its slot 0; it is mapped
 * nowhere. */
void operation_drain_add(struct r4_slot *header);

#endif
