/* SPDX-License-Identifier: MIT
 *
 * The lender's side of a loan, and loans whose capability moves. A record and its capability name each other: whoever
 * moves the one updates the other.
 */
#include "peer/lend.h"
#include "diag/panic.h"
#include "peer/mailbox.h"
#include "peer/receive_slot.h"
#include "sched/operation.h"
#include <r4/contract.h>

/* The record of a RemoteRef: this kernel wrote its word 1, so no check is needed. */
static struct loan_out *loan_of(const struct r4_slot *ref) {
    return &cluster.peers[slot_loan_peer(ref)]->lent[slot_loan_index(ref)];
}

/* The record of a received root, which names `root`; the capability is in `slot` now. A range may have been received
 * several times, each time inside the time before. */
static struct loan_in *received_at(const struct r4_slot *root, const struct r4_slot *slot) {
    struct loan_range *range = loan_map_find(&cluster.loans, slot_object(slot), (uint32_t)slot_size_log2(slot)).around;
    for (; range != NULL; range = range->outer) {
        if (range->received && loan_received(range)->root == root) {
            return loan_received(range);
        }
    }
    panic("a received root has no loan record");
}

void lend_handoff(struct core *core, struct thread *caller, struct peer *peer, struct loan_out *loan,
                  struct r4_slot *slot) {
    KERNEL_CHECK(loan->state == LOAN_OUT_FREE && loan->ref == NULL);
    KERNEL_CHECK(slot_type(slot) == R4_CAP_UNTYPED && slot_watermark(slot) == 0 && slot_ttl(slot) > 0);
    KERNEL_CHECK(!derivation_has_children(machine_direct(), slot));
    cluster_check_locked();
    loan->ref = slot;
    loan->range.base = slot_object(slot);
    loan->range.size_log2 = (uint32_t)slot_size_log2(slot);
    loan_map_add(&cluster.loans, &loan->range);
    loan->ttl = (uint32_t)slot_ttl(slot) - 1;
    loan->state = LOAN_OUT_OFFERED;
    slot_lend(slot, peer->number, loan->post.loan, loan->generation);
    cluster_range_leaves(loan->range.base, loan->range.size_log2);
    struct operation *operation = operation_start(core, caller, OPERATION_HANDOFF, NULL);
    operation->peer = peer;
    operation->progress = loan->post.loan;
    operation_wait_in(operation, &loan->waits);
    mailbox_send_request(peer, &loan->post, R4_MESSAGE_OFFER, caller->queue.priority);
}

/* The hand-off has been answered; revokes of the loan go on waiting. */
static void handoff_end(const struct loan_out *loan, enum r4_error error) {
    for (struct operation *operation = loan->waits; operation != NULL; operation = operation->wait_next) {
        if (operation->kind == OPERATION_HANDOFF) {
            operation_finish(operation, error, 0);
            return;
        }
    }
}

/* The revokes that wait for the loan, whose hand-off has ended, look at it again, some at a time. Whoever waits for the
 * record from now on is not among them. */
static void wake_revokes(struct core *core, struct peer *peer, struct loan_out *loan) {
    struct operation *first = loan->waits;
    if (first != NULL && first->wait_next == NULL) {
        operation_wake(core, first);
    } else if (first != NULL) {
        operation_waits_move(&loan->waits, &peer->waking);
        lend_tell(core, peer);
    }
}

/* The memory is this cluster's again: the RemoteRef becomes an untyped again. If it was parked in its record, its cap
 * page is gone, and it is removed. */
static void loan_back(struct peer *peer, struct loan_out *loan) {
    struct r4_slot *ref = loan->ref;
    loan->ref = NULL;
    loan_give_back(loan, &peer->lent_taken);
    machine_direct_map(loan->range.base, 1ULL << loan->range.size_log2, true);
    if (ref == &loan->slot && (slot_flags(ref) & R4_FLAG_RECEIVED) == 0) {
        operation_slot_unlink(ref);
        return;
    }
    slot_take_back(ref);
    if (ref == &loan->slot) { /* a received root that had been lent again: it moves to the record of the first loan */
        lend_park(ref, slot_depth(ref));
    }
}

void lend_wait(struct operation *operation, const struct r4_slot *slot) {
    operation_wait_in(operation, &loan_of(slot)->waits);
    operation_wait(operation);
}

/* What asks for the memory becomes as urgent as that, if it has not been sent yet. */
static void raise(struct peer *peer, struct loan_out *loan, uint32_t priority) {
    loan_raise(loan, priority);
    mailbox_raise(peer, &loan->post, priority);
}

void lend_revoke(const struct r4_slot *slot, uint32_t priority) {
    cluster_check_locked();
    struct loan_out *loan = loan_of(slot);
    struct peer *peer = cluster.peers[slot_loan_peer(slot)];
    if (peer->state == PEER_DEAD) {
        return;
    }
    if (loan_revoke(loan)) {
        mailbox_send_request(peer, &loan->post, R4_MESSAGE_REVOKE, priority);
    } else {
        raise(peer, loan, priority);
    }
}

/* The operation waits for the loan of the RemoteRef at its position. */
static bool waits_for_loan(const struct operation *operation) {
    bool removes = operation->kind == OPERATION_REVOKE || operation->kind == OPERATION_DELETE ||
                   operation->kind == OPERATION_SWEEP;
    const struct r4_slot *slot = operation->run.position;
    return removes && operation->waiting && slot != NULL && slot_type(slot) == R4_CAP_REMOTE_REF;
}

void lend_raise(const struct operation *operation, uint32_t priority) {
    cluster_check_locked();
    if (operation->kind == OPERATION_HANDOFF) {
        mailbox_raise(operation->peer, &operation->peer->lent[operation->progress].post, priority);
    } else if (waits_for_loan(operation)) {
        const struct r4_slot *slot = operation->run.position;
        raise(cluster.peers[slot_loan_peer(slot)], loan_of(slot), priority);
    }
}

enum r4_error lend_failure(const struct r4_slot *slot) {
    bool dead = cluster.peers[slot_loan_peer(slot)]->state == PEER_DEAD;
    return dead ? R4_ERR_CLUSTER_DOWN : loan_of(slot)->failure;
}

static void park(struct r4_slot *slot, struct r4_slot *record, uint64_t depth) {
    slot_depth_set(slot, depth);
    if (slot == record) {
        return; /* already parked: another ancestor has died as well */
    }
    derivation_move(machine_direct(), slot, record);
    operation_slot_moved(slot, record);
    lend_slot_moved(slot, record);
}

void lend_park(struct r4_slot *slot, uint64_t depth) {
    cluster_check_locked();
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        struct loan_out *loan = loan_of(slot);
        park(slot, &loan->slot, depth);
        lend_revoke(&loan->slot, 0);
    } else {
        park(slot, &received_at(slot, slot)->slot, depth);
    }
}

void lend_record_moved(struct r4_slot *from, struct r4_slot *slot) {
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        loan_of(slot)->ref = slot;
    } else if (slot_type(slot) == R4_CAP_RECEIVE_SLOT) {
        receive_slot_moved(slot);
    }
    if ((slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
        received_at(from, slot)->root = slot;
    }
}

/* The reason that a peer gives; R4_ERR_PROTOCOL if it gives none that is valid. */
static enum r4_error message_error(const struct r4_message *message) {
    bool known = message->error != R4_OK && message->error < R4_ERROR_COUNT;
    return known ? (enum r4_error)message->error : R4_ERR_PROTOCOL;
}

void lend_answer(struct core *core, struct peer *peer, struct loan_out *loan, const struct r4_message *message) {
    cluster_check_locked();
    switch (loan_answer(&cluster.loans, loan, message)) {
    case LENDER_LENT_REVOKE:
        mailbox_send_request(peer, &loan->post, R4_MESSAGE_REVOKE, loan->revoke_priority);
        handoff_end(loan, R4_OK);
        break;
    case LENDER_LENT:
        handoff_end(loan, R4_OK);
        break;
    case LENDER_REFUSED:
        loan_back(peer, loan);
        handoff_end(loan, message_error(message));
        wake_revokes(core, peer, loan);
        break;
    case LENDER_BACK:
        loan_back(peer, loan);
        wake_revokes(core, peer, loan);
        break;
    case LENDER_STILL_LENT:
        loan->failure = message_error(message);
        wake_revokes(core, peer, loan);
        break;
    case LENDER_DROP:
        cluster.loan_messages_dropped++;
        break;
    }
}

void lend_peer_died(struct peer *peer) {
    KERNEL_CHECK(peer->state == PEER_DEAD); /* nobody waits for its loans any more, and nothing is lent to it */
    cluster_check_locked();
    peer->bereaved = peer->lent_taken;
}

static void tell_of_death(struct peer *peer) {
    struct loan_out *loan = &peer->lent[__builtin_ctzll(peer->bereaved)];
    peer->bereaved &= peer->bereaved - 1;
    handoff_end(loan, R4_ERR_CLUSTER_DOWN);
    operation_waits_move(&loan->waits, &peer->waking);
}

bool lend_tell(struct core *core, struct peer *peer) {
    cluster_check_locked();
    for (uint32_t told = 0; told < LEND_TELL; told++) {
        if (peer->waking != NULL) {
            operation_wake(core, peer->waking);
        } else if (peer->bereaved != 0) {
            tell_of_death(peer);
        } else {
            return true;
        }
    }
    return peer->waking == NULL && peer->bereaved == 0;
}
