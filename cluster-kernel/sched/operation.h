/* SPDX-License-Identifier: MIT
 *
 * Operations under way (pure/operation.h): started after their checks, run in steps, put to sleep, woken, ended. The
 * caller holds the cluster lock. A thread runs its own operation until that waits, or its core does something else.
 * From then on the cluster runs it, on whatever core has time, as it does with a sweep for a peer (dispatch.c). Nothing
 * here grows with operations that it does not concern.
 */
#ifndef R4_KERNEL_OPERATION_H
#define R4_KERNEL_OPERATION_H

#include "cluster/cluster.h"
#include "object/thread.h"
#include "pure/derivation.h"

#define OPERATION_TELL  8U  /* operations that joined another are told of its end in one step */
#define OPERATION_HEIRS 32U /* the last to join, of which the most urgent takes over */

/* Starts an operation of the calling thread, which has none under way; it runs on the way out of the kernel. `root` may
 * be null. Returns the record, of which the caller fills in the rest. */
struct operation *operation_start(struct core *core, struct thread *thread, enum operation_kind kind,
                                  struct r4_slot *root);

/* Starts an operation in a record that is not a thread's, a sweep; the cluster runs it at `priority`. */
void operation_start_orphan(struct operation *operation, enum operation_kind kind, struct r4_slot *root,
                            uint32_t priority);

/* The operation, which only waits, waits in this list: of what it joins, a loan, or a peer. */
void operation_wait_in(struct operation *operation, struct operation **list);

/* The operation, which waits in a list, goes to another one. */
void operation_wait_elsewhere(struct operation *operation, struct operation **list);

/* All that wait in one list wait in another, which is empty, from now on. */
void operation_waits_move(struct operation **from, struct operation **to);

/* Somebody runs the operation now: what it stands on is its own business. Nobody does any more: whoever unlinks or
 * moves a slot that it stands on updates it. */
void operation_take_out(struct operation *operation);
static inline void operation_take(struct operation *operation) {
    if (operation->put) {
        operation_take_out(operation);
    }
}
void operation_put(struct operation *operation);

/* The operation, which nobody runs, is one of this slot, or of none (null), from its beginning. */
void operation_root_set(struct operation *operation, struct r4_slot *root);

/* The most urgent of the last OPERATION_HEIRS that joined the operation becomes a revoke that has ended like it, and is
 * woken to tell the others, which now join that one. Returned; null: none has joined. */
struct operation *operation_inherit(struct operation *operation);

/* Tells OPERATION_TELL of those that joined the operation that it has ended. True: nobody is left to be told. */
bool operation_tell(struct operation *operation);

/* Ends an operation that none has joined: its thread gets the result and may run again. */
void operation_finish(struct operation *operation, enum r4_error error, uint64_t value);

/* The operation waits: its thread blocks, unless the cluster runs it. After operation_wake() the cluster runs it, and
 * it checks again what it waited for; an operation that does not wait is not changed. */
void operation_wait(struct operation *operation);
void operation_wake(struct core *core, struct operation *operation);

/* The thread, which is not READY, does not run it any more: the cluster continues it to its end. */
void operation_orphan(struct core *core, struct operation *operation);

/* The core of its thread, which is READY, does something else first: the thread waits, and the cluster continues it, on
 * whatever core has time. */
void operation_hand_over(struct core *core, struct operation *operation);

/* The thread is gone. True: the operation, a revoke or delete, continues and ends soon, without waiting for peers;
 * until then the thread's memory is in use. False: it has ended. A retype takes back what it has not made. */
bool operation_abandon(struct core *core, struct operation *operation);

/* The priority at which the cluster would run it. */
void operation_set_priority(struct operation *operation, uint32_t priority);

/* The most urgent operation that the cluster has to run and that no core works on, or null. */
static inline struct operation *operation_of_cluster(void) {
    if (cluster.orphans.summary == 0) {
        return NULL;
    }
    return (struct operation *)((char *)runqueue_first(&cluster.orphans) - offsetof(struct operation, queue));
}

/* The core gives the lock away for a moment and resumes the operation (or null: none) afterwards; no other core runs it
 * meanwhile. */
void operation_hold(struct core *core, struct operation *operation);
void operation_release(struct core *core);

/* An operation stands at the slot, which is about to be unlinked: it stands elsewhere afterwards. */
void operation_follow(const struct r4_slot *slot);

/* The content of a slot at which an operation stands has moved to another slot. */
void operation_follow_to(const struct r4_slot *from, struct r4_slot *to);
static inline void operation_slot_moved(const struct r4_slot *from, struct r4_slot *to) {
    if ((slot_flags(to) & R4_FLAG_STANDS) != 0) {
        operation_follow_to(from, to);
    }
}

/* Removes a slot, from which nothing derives, from its list and empties it; moves the positions of operations off
 * it. */
static inline void operation_slot_unlink(struct r4_slot *slot) {
    if ((slot_flags(slot) & R4_FLAG_STANDS) != 0) {
        operation_follow(slot);
    }
    derivation_remove(machine_direct(), slot);
}

#endif
