/* SPDX-License-Identifier: MIT
 *
 * The lender's side of a loan (pure/loan.h has the rules): handing memory off, asking for it back, the peer's answers.
 * Also loans whose capability moves to another slot or into its record, on either side. The caller holds the cluster
 * lock. Nothing here waits: an operation that has to wait is put to sleep.
 */
#ifndef R4_KERNEL_LEND_H
#define R4_KERNEL_LEND_H

#include "cluster/cluster.h"

/* Hands the untyped in `slot` to the peer. All checks have passed; `loan` comes from loan_take(). The operation of
 * `caller` ends with the peer's answer. */
void lend_handoff(struct core *core, struct thread *caller, struct peer *peer, struct loan_out *loan,
                  struct r4_slot *slot);

/* Asks for the memory of a RemoteRef, for a caller of that priority. If that has been done, what is not sent yet is at
 * least as urgent from now on. */
void lend_revoke(const struct r4_slot *slot, uint32_t priority);

/* Somebody of that priority waits for the end of the operation. If it waits for a peer, what is not sent yet is at
 * least as urgent from now on. */
void lend_raise(const struct operation *operation, uint32_t priority);

/* The operation waits for the answer that concerns this RemoteRef, or for the end of the peer. */
void lend_wait(struct operation *operation, const struct r4_slot *slot);

/* Why the memory of this RemoteRef cannot come back: R4_ERR_CLUSTER_DOWN, or the borrower's error if it could not sweep
 * when last asked. R4_OK: it can. */
enum r4_error lend_failure(const struct r4_slot *slot);

/* The cap page of a RemoteRef or a received root dies: the capability moves into its loan record, with this depth. The
 * memory of a RemoteRef is asked for. */
void lend_park(struct r4_slot *slot, uint64_t depth);

/* A capability has moved from one slot to another: updates the record that names the slot. Few types have one. */
void lend_record_moved(struct r4_slot *from, struct r4_slot *slot);
static inline void lend_slot_moved(struct r4_slot *from, struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot);
    if (type == R4_CAP_REMOTE_REF || type == R4_CAP_RECEIVE_SLOT || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
        lend_record_moved(from, slot);
    }
}

/* An ACCEPT, REFUSE or DONE for this record; lend_tell() has told all of the answer before. */
void lend_answer(struct core *core, struct peer *peer, struct loan_out *loan, const struct r4_message *message);

/* The peer is DEAD: lend_tell() ends the hand-offs that wait for it, and wakes the revokes; its loans stay lent. */
void lend_peer_died(struct peer *peer);

#define LEND_TELL 8U /* operations that are told in one step */

/* Tells LEND_TELL of those who wait for loans of this peer, and who have not been told yet that their loan was answered
 * or that the peer is dead. True: nobody is left. Until then no answer of the peer may be taken. */
bool lend_tell(struct core *core, struct peer *peer);

#endif
