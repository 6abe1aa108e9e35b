/* SPDX-License-Identifier: MIT
 *
 * The borrower's side of a loan. What a message says is checked here against this cluster's own memory and all loans
 * before any of it is used.
 */
#include "serve/borrow.h"
#include "cluster/pools.h"
#include "peer/mailbox.h"
#include "peer/receive_slot.h"
#include "revoke/revoke.h"
#include "sched/operation.h"
#include "sched/sched.h"
#include <r4/contract.h>

/* What an OFFER may name. That memory of another cluster's pool is the offerer's to lend is taken on its word. */
static enum r4_error offer_check(const struct r4_message *message) {
    if (message->size_log2 < R4_LARGE_BITS || message->size_log2 > R4_HANDOFF_MAX_LOG2 || message->ttl >= R4_TTL_MAX) {
        return R4_ERR_PROTOCOL;
    }
    uint64_t size = 1ULL << message->size_log2;
    const struct r4_boot_pool *pool = pool_around(message->base, size);
    if (!is_aligned(message->base, size) || pool == NULL) {
        return R4_ERR_PROTOCOL;
    }
    return loan_offer_check(&cluster.loans, message, pool->cluster == this_cluster());
}

static void receive_root(struct loan_in *loan, struct r4_slot *slot, const struct r4_message *message) {
    struct slot_content content = {
        .type = R4_CAP_UNTYPED,
        .ttl = message->ttl,
        .flags = R4_FLAG_ORIGINAL | R4_FLAG_RECEIVED,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = message->size_log2,
        .object = message->base,
    };
    operation_slot_unlink(slot); /* no longer a child of the Peer cap: only the lender's revoke ends what is received */
    slot_fill(slot, &content);
    loan->root = slot;
    loan->state = LOAN_IN_RECEIVED;
}

void borrow_offer(struct peer *peer, struct loan_in *loan, const struct r4_message *message) {
    cluster_check_locked();
    if (!loan_offer_fits(loan, message)) {
        cluster.loan_messages_dropped++;
        return;
    }
    struct r4_slot *slot = receive_slot_find(peer);
    enum r4_error error = slot == NULL ? R4_ERR_NO_RECEIVE_SLOT : offer_check(message);
    loan->generation = message->generation;
    if (error != R4_OK) {
        mailbox_send_answer(peer, &loan->post, R4_MESSAGE_REFUSE, error);
        return;
    }
    /* commit */
    receive_slot_gone(slot);
    loan->range.base = message->base;
    loan->range.size_log2 = message->size_log2;
    loan->range.received = true;
    loan_map_add(&cluster.loans, &loan->range);
    machine_direct_map(message->base, 1ULL << message->size_log2, true);
    receive_root(loan, slot, message);
    mailbox_send_answer(peer, &loan->post, R4_MESSAGE_ACCEPT, R4_OK);
}

void borrow_sweep(struct core *core, struct peer *peer, struct loan_in *loan, const struct r4_message *message) {
    cluster_check_locked();
    if (!loan_sweep_starts(loan, message)) {
        cluster.loan_messages_dropped++;
        return;
    }
    operation_start_orphan(&loan->sweep, OPERATION_SWEEP, loan->root, peer->priority);
    loan->sweep.peer = peer;
    revoke_begin(&loan->sweep);
    sched_kick(core, peer->priority); /* this core may have something more urgent to do */
}

void borrow_swept(const struct operation *operation) {
    struct loan_in *loan = loan_of_sweep(operation);
    KERNEL_CHECK(loan->state == LOAN_IN_SWEEPING);
    cluster_check_locked();
    if (operation->error != R4_OK) {
        loan->state = LOAN_IN_RECEIVED;
        mailbox_send_answer(operation->peer, &loan->post, R4_MESSAGE_DONE, operation->error);
        return;
    }
    bool removed = loan_map_remove(&cluster.loans, &loan->range); /* all that was lent inside it has come home */
    KERNEL_CHECK(removed);
    operation_slot_unlink(loan->root);
    loan->root = NULL;
    loan->state = LOAN_IN_FREE;
    cluster_range_leaves(loan->range.base, loan->range.size_log2);
    mailbox_send_answer(operation->peer, &loan->post, R4_MESSAGE_DONE, R4_OK);
}
