/* SPDX-License-Identifier: MIT
 *
 * The lender's side of a loan (pure/loan.h has the rules): handing off, asking back, what the peer answers. Also loans
 * whose capability moves to another slot or into its record, on either side. The caller holds the cluster lock. Nothing
 * here waits: who has to wait is an operation that is put to sleep.
 */
#ifndef R4_KERNEL_LEND_H
#define R4_KERNEL_LEND_H

#include "cluster/cluster.h"

/* Hands the untyped in `slot` to the peer: all checks are made, `loan` is a fresh record (loan_find_free). The caller's
 * operation ends with the peer's answer. */
void lend_handoff(struct core *core, struct thread *caller, struct peer *peer, struct loan_out *loan,
                  struct r4_slot *slot);

/* Asks the loan of a RemoteRef back, if that has not been done. Its answer wakes whoever waits. */
void lend_revoke(const struct r4_slot *slot, uint32_t priority);

/* Why what this RemoteRef names cannot come back: the holder is down, or it could not sweep it when last asked. R4_OK:
 * it can. */
enum r4_error lend_failure(const struct r4_slot *slot);

/* The cap page around a RemoteRef or a received root dies: the capability moves into its loan record, now `depth` deep;
 * a RemoteRef is asked back. */
void lend_park(struct r4_slot *slot, uint64_t depth);

/* A capability has moved from one slot to another: records that name the slot follow. Few types have any. */
void lend_record_moved(struct r4_slot *from, struct r4_slot *slot);
static inline void lend_slot_moved(struct r4_slot *from, struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot);
    if (type == R4_CAP_REMOTE_REF || type == R4_CAP_RECEIVE_SLOT || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
        lend_record_moved(from, slot);
    }
}

/* An ACCEPT, REFUSE or DONE for this record. */
void lend_answer(struct core *core, struct peer *peer, struct loan_out *loan, const struct r4_message *message);

/* The peer is down: whoever waits for it ends; its loans stay out. */
void lend_peer_died(struct core *core, struct peer *peer);

#endif
