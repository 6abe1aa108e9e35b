/* SPDX-License-Identifier: MIT
 *
 * Hand-off, receive_slot, revoke and sweep of loans.
 */
#include "peer/lend.h"
#include "diag/panic.h"
#include "pure/derivation.h"
#include "revoke/finalise.h"
#include "revoke/revoke.h"
#include "sched/operation.h"
#include "sched/sched.h"

static struct loan_out *lent_in(struct post *post) {
    return (struct loan_out *)((char *)post - offsetof(struct loan_out, post));
}
static struct loan_in *received_in(struct post *post) {
    return (struct loan_in *)((char *)post - offsetof(struct loan_in, post));
}

/* The record behind a RemoteRef: its badge was written by this kernel. */
static struct loan_out *loan_of(const struct r4_slot *ref) {
    return &cluster.peers[r4_loan_peer_get(ref->word[1])]->lent[r4_loan_index_get(ref->word[1])];
}

void loans_fill_answer(struct post *post, struct r4_message *message) {
    const struct loan_in *loan = received_in(post);
    message->kind = post->kind;
    message->error = post->error;
    message->loan = post->loan;
    message->generation = loan->generation;
    post->kind = R4_MESSAGE_NONE;
}

void loans_fill_request(struct post *post, struct r4_message *message) {
    const struct loan_out *loan = lent_in(post);
    message->kind = post->kind;
    message->loan = post->loan;
    message->generation = loan->generation;
    message->base = loan->base;
    message->size_log2 = loan->size_log2;
    message->ttl = loan->ttl;
    post->kind = R4_MESSAGE_NONE;
}

/* The record of a received root, wherever that stands now. */
static struct loan_in *received_at(const struct r4_slot *root) {
    for (uint32_t number = 0; number < cluster_count(); number++) {
        struct peer *peer = cluster.peers[number];
        for (uint32_t i = 0; number != this_cluster() && i < peer->received_count; i++) {
            if (peer->received[i].root == root) {
                return &peer->received[i];
            }
        }
    }
    panic("a received root has no loan record");
}

/* Where a posted ReceiveSlot is listed: its badge is peer << 8 | index. */
static struct r4_slot **receive_slot_of(const struct r4_slot *slot) {
    return &cluster.peers[slot->word[1] >> 8]->receive_slots[slot->word[1] & 0xff];
}

static bool ranges_meet(phys_t base, uint64_t size, phys_t other, uint64_t other_size) {
    return base < other + other_size && other < base + size;
}

static bool peer_knows(const struct peer *peer, phys_t base, uint64_t size) {
    for (uint32_t i = 0; i < peer->received_count; i++) {
        const struct loan_in *received = &peer->received[i];
        if (received->state != LOAN_IN_FREE && ranges_meet(base, size, received->base, 1ULL << received->size_log2)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < peer->lent_count; i++) {
        const struct loan_out *lent = &peer->lent[i];
        if (lent->state != LOAN_OUT_FREE && ranges_meet(base, size, lent->base, 1ULL << lent->size_log2)) {
            return true;
        }
    }
    return false;
}

bool lend_range_is_known(phys_t base, uint32_t size_log2) {
    const struct r4_boot_info *info = boot_info();
    uint64_t size = 1ULL << size_log2;
    if (ranges_meet(base, size, info->reserve.base, info->reserve.size)) {
        return true;
    }
    for (uint32_t i = 0; i < info->pool_count; i++) {
        if (ranges_meet(base, size, info->pools[i].base, info->pools[i].size)) {
            return true;
        }
    }
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster() && peer_knows(cluster.peers[number], base, size)) {
            return true;
        }
    }
    return false;
}

/* Memory leaves this cluster: nobody is left in it, and only stale translations of the direct map may remain, which no
 * code uses. Each core drops them on its next way out of the kernel. */
static void range_leaves(phys_t base, uint32_t size_log2) {
    machine_direct_map(base, 1ULL << size_log2, false);
    for (uint32_t i = 0; i < core_count(); i++) {
        cluster.cores[i]->direct_stale = true;
        cluster.cores[i]->reschedule = true;
    }
}

/* --- the lender --- */

void lend_handoff(struct core *core, struct thread *caller, struct peer *peer, struct loan_out *loan,
                  struct r4_slot *slot) {
    uint32_t index = (uint32_t)(loan - peer->lent);
    peer->lent_count = index < peer->lent_count ? peer->lent_count : index + 1;
    loan->ref = slot;
    loan->base = slot_object(slot);
    loan->size_log2 = (uint32_t)slot_size_log2(slot);
    loan->ttl = (uint32_t)slot_ttl(slot) - 1;
    loan->state = LOAN_OUT_OFFERED;
    slot->word[0] = r4_slot_type_set(slot->word[0], R4_CAP_REMOTE_REF);
    slot->word[1] =
        r4_loan_generation_set(r4_loan_index_set(r4_loan_peer_set(0, peer->number), index), loan->generation);
    range_leaves(loan->base, loan->size_log2);
    struct operation *operation = operation_start(core, caller, OPERATION_HANDOFF, NULL);
    operation->peer = peer;
    operation->loan_out = loan;
    mailbox_send_request(peer, &loan->post, R4_MESSAGE_OFFER, caller->queue.priority);
}

static void handoff_end(const struct loan_out *loan, enum r4_error error) {
    for (struct operation *operation = cluster.waiters; operation != NULL; operation = operation->next) {
        if (operation->kind == OPERATION_HANDOFF && operation->loan_out == loan) {
            operation_finish_wait(operation, error, 0);
            return;
        }
    }
}

/* The memory is ours again: the RemoteRef becomes the untyped that it was, or vanishes if it only waited in its record.
 */
static void loan_back(struct loan_out *loan) {
    struct r4_slot *ref = loan->ref;
    loan->ref = NULL;
    machine_direct_map(loan->base, 1ULL << loan->size_log2, true);
    if (ref == &loan->slot && (slot_flags(ref) & R4_FLAG_RECEIVED) == 0) {
        operation_slot_unlink(ref);
        return;
    }
    ref->word[0] = r4_slot_type_set(ref->word[0], R4_CAP_UNTYPED);
    ref->word[1] = 0;
    if (ref == &loan->slot) { /* a received root that had been lent on: its place is in the other record */
        lend_park(ref, slot_depth(ref));
    }
}

void lend_revoke(const struct r4_slot *slot, uint32_t priority) {
    struct loan_out *loan = loan_of(slot);
    struct peer *peer = cluster.peers[r4_loan_peer_get(slot->word[1])];
    if (peer->state != PEER_DEAD && loan_revoke(loan)) {
        mailbox_send_request(peer, &loan->post, R4_MESSAGE_REVOKE, priority);
    }
}

enum r4_error lend_failure(const struct r4_slot *slot) {
    bool dead = cluster.peers[r4_loan_peer_get(slot->word[1])]->state == PEER_DEAD;
    return dead ? R4_ERR_CLUSTER_DOWN : loan_of(slot)->failure;
}

static void park(struct r4_slot *slot, struct r4_slot *record, uint64_t depth) {
    slot->word[2] = r4_slot_depth_set(slot->word[2], depth);
    if (slot == record) {
        return; /* there already: its next ancestor has died as well */
    }
    derivation_move(machine_direct(), slot, record);
    operation_slot_moved(slot, record);
    lend_slot_moved(slot, record);
}

void lend_park(struct r4_slot *slot, uint64_t depth) {
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        struct loan_out *loan = loan_of(slot);
        park(slot, &loan->slot, depth);
        lend_revoke(&loan->slot, 0);
    } else {
        park(slot, &received_at(slot)->slot, depth);
    }
}

void lend_record_moved(struct r4_slot *from, struct r4_slot *slot) {
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        loan_of(slot)->ref = slot;
    } else if (slot_type(slot) == R4_CAP_RECEIVE_SLOT) {
        *receive_slot_of(slot) = slot;
    }
    if ((slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
        received_at(from)->root = slot;
    }
}

/* What a peer gives as its reason. */
static enum r4_error message_error(const struct r4_message *message) {
    bool known = message->error != R4_OK && message->error < R4_ERROR_COUNT;
    return known ? (enum r4_error)message->error : R4_ERR_PROTOCOL;
}

static void answer(struct core *core, struct peer *peer, struct loan_out *loan, const struct r4_message *message) {
    switch (loan_answer(loan, message)) {
    case LENDER_LENT_REVOKE:
        mailbox_send_request(peer, &loan->post, R4_MESSAGE_REVOKE, peer->priority);
        handoff_end(loan, R4_OK);
        break;
    case LENDER_LENT:
        handoff_end(loan, R4_OK);
        break;
    case LENDER_REFUSED:
        loan_back(loan);
        handoff_end(loan, message_error(message));
        operation_wake_loans(core);
        break;
    case LENDER_BACK:
        loan_back(loan);
        operation_wake_loans(core);
        break;
    case LENDER_STILL_LENT:
        loan->failure = message_error(message);
        operation_wake_loans(core);
        break;
    case LENDER_DROP:
        break;
    }
}

/* --- the borrower --- */

uint32_t mailbox_receive_slot_free(const struct peer *peer) {
    uint32_t index = 0;
    while (index < PEER_RECEIVE_SLOTS && peer->receive_slots[index] != NULL) {
        index++;
    }
    return index;
}

void mailbox_post(struct peer *peer, uint32_t receive_slot, struct r4_slot *link_cap, struct r4_slot *slot) {
    struct slot_content content = {
        .type = R4_CAP_RECEIVE_SLOT,
        .depth = (uint32_t)slot_depth(link_cap) + 1,
        .badge = (uint64_t)peer->number << 8 | receive_slot,
    };
    derivation_create(machine_direct(), link_cap, slot, &content);
    peer->receive_slots[receive_slot] = slot;
}

void mailbox_receive_slot_gone(const struct r4_slot *slot) { *receive_slot_of(slot) = NULL; }

void loans_peer_died(struct core *core, struct peer *peer) {
    struct operation *next;
    for (struct operation *operation = cluster.waiters; operation != NULL; operation = next) {
        next = operation->next;
        if (operation->kind == OPERATION_HANDOFF && operation->peer == peer) {
            operation_finish_wait(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
    operation_wake_loans(core);
}

/* Where the first posted slot that can be used is listed, or null. */
static struct r4_slot **receive_slot_find(struct peer *peer) {
    for (uint32_t i = 0; i < PEER_RECEIVE_SLOTS; i++) {
        struct r4_slot *slot = peer->receive_slots[i];
        if (slot != NULL && (slot_flags(slot) & R4_FLAG_BUSY) == 0) {
            return &peer->receive_slots[i];
        }
    }
    return NULL;
}

static enum r4_error offer_check(const struct r4_message *message) {
    if (message->size_log2 < R4_LARGE_BITS || message->size_log2 > R4_HANDOFF_MAX_LOG2 || message->ttl >= R4_TTL_MAX) {
        return R4_ERR_PROTOCOL;
    }
    uint64_t size = 1ULL << message->size_log2;
    if (!is_aligned(message->base, size) || message->base >= R4_PHYS_MAX || size > R4_PHYS_MAX - message->base) {
        return R4_ERR_PROTOCOL;
    }
    return lend_range_is_known(message->base, message->size_log2) ? R4_ERR_OVERLAP : R4_OK;
}

/* Makes an offered range accessible; R4_ERR_PROTOCOL if it is no RAM. */
static enum r4_error range_take(const struct r4_message *message) {
    return machine_direct_map(message->base, 1ULL << message->size_log2, true) ? R4_OK : R4_ERR_PROTOCOL;
}

static void land(struct loan_in *loan, struct r4_slot *slot, const struct r4_message *message) {
    struct slot_content content = {
        .type = R4_CAP_UNTYPED,
        .ttl = message->ttl,
        .flags = R4_FLAG_ORIGINAL | R4_FLAG_RECEIVED,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = message->size_log2,
        .object = message->base,
    };
    operation_slot_unlink(slot); /* from below the Link: what has landed ends only by the lender's revoke */
    slot_fill(slot, &content);
    loan->root = slot;
    loan->state = LOAN_IN_RECEIVED;
}

static void offer(struct peer *peer, struct loan_in *loan, const struct r4_message *message) {
    if (!loan_offer_fits(loan, message)) {
        return;
    }
    struct r4_slot **receive_slot = receive_slot_find(peer);
    enum r4_error error = receive_slot == NULL ? R4_ERR_NO_RECEIVE_SLOT : offer_check(message);
    if (error == R4_OK) {
        error = range_take(message);
    }
    loan->generation = message->generation;
    if (error != R4_OK) {
        mailbox_send_answer(peer, &loan->post, R4_MESSAGE_REFUSE, error);
        return;
    }
    /* commit */
    struct r4_slot *slot = *receive_slot;
    *receive_slot = NULL;
    peer->received_count = message->loan < peer->received_count ? peer->received_count : message->loan + 1;
    loan->base = message->base;
    loan->size_log2 = message->size_log2;
    land(loan, slot, message);
    mailbox_send_answer(peer, &loan->post, R4_MESSAGE_ACCEPT, R4_OK);
}

static void sweep(struct core *core, struct peer *peer, struct loan_in *loan, const struct r4_message *message) {
    if (!loan_sweep_starts(loan, message)) {
        return;
    }
    operation_start_orphan(&loan->sweep, OPERATION_SWEEP, loan->root, peer->priority);
    loan->sweep.peer = peer;
    loan->sweep.loan_in = loan;
    revoke_begin(&loan->sweep);
    sched_kick(core, peer->priority); /* this core may have something better to do */
}

void borrow_swept(struct operation *operation) {
    struct loan_in *loan = operation->loan_in;
    if (operation->error != R4_OK) {
        loan->state = LOAN_IN_RECEIVED;
        mailbox_send_answer(operation->peer, &loan->post, R4_MESSAGE_DONE, operation->error);
        return;
    }
    operation_slot_unlink(loan->root);
    loan->root = NULL;
    loan->state = LOAN_IN_FREE;
    range_leaves(loan->base, loan->size_log2);
    mailbox_send_answer(operation->peer, &loan->post, R4_MESSAGE_DONE, R4_OK);
}

void loans_receive(struct core *core, struct peer *peer, const struct r4_message *message) {
    switch (message->kind) {
    case R4_MESSAGE_OFFER:
        offer(peer, &peer->received[message->loan], message);
        break;
    case R4_MESSAGE_REVOKE:
        sweep(core, peer, &peer->received[message->loan], message);
        break;
    default:
        answer(core, peer, &peer->lent[message->loan], message);
        break;
    }
}
