/* SPDX-License-Identifier: MIT
 *
 * Hand-off, landing, revoke and sweep of loans.
 */
#include "loans.h"
#include "capability.h"
#include "core/derivation.h"
#include "operation.h"
#include "panic.h"
#include "revoke.h"
#include "sched.h"

static struct loan_out *lent_in(struct post *post) {
    return (struct loan_out *)((char *)post - offsetof(struct loan_out, post));
}
static struct loan_in *received_in(struct post *post) {
    return (struct loan_in *)((char *)post - offsetof(struct loan_in, post));
}

/* The record behind a RemoteRef: its badge was written by this kernel. */
static struct loan_out *loan_of(const struct r4_slot *ref) {
    return &cluster.links[r4_loan_peer_get(ref->word[1])]->lent[r4_loan_index_get(ref->word[1])];
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
    for (uint32_t peer = 0; peer < cluster_count(); peer++) {
        struct link *link = cluster.links[peer];
        for (uint32_t i = 0; peer != this_cluster() && i < link->received_count; i++) {
            if (link->received[i].root == root) {
                return &link->received[i];
            }
        }
    }
    panic("a received root has no loan record");
}

/* Where a posted Landing is listed: its badge is peer << 8 | index. */
static struct r4_slot **landing_of(const struct r4_slot *slot) {
    return &cluster.links[slot->word[1] >> 8]->landings[slot->word[1] & 0xff];
}

static bool ranges_meet(phys_t base, uint64_t size, phys_t other, uint64_t other_size) {
    return base < other + other_size && other < base + size;
}

static bool link_knows(const struct link *link, phys_t base, uint64_t size) {
    for (uint32_t i = 0; i < link->received_count; i++) {
        const struct loan_in *received = &link->received[i];
        if (received->state != LOAN_IN_FREE && ranges_meet(base, size, received->base, 1ULL << received->size_log2)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < link->lent_count; i++) {
        const struct loan_out *lent = &link->lent[i];
        if (lent->state != LOAN_OUT_FREE && ranges_meet(base, size, lent->base, 1ULL << lent->size_log2)) {
            return true;
        }
    }
    return false;
}

bool remote_range_is_known(phys_t base, uint32_t size_log2) {
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
    for (uint32_t peer = 0; peer < cluster_count(); peer++) {
        if (peer != this_cluster() && link_knows(cluster.links[peer], base, size)) {
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

void remote_handoff_remote(struct core *core, struct thread *caller, struct link *link, struct loan_out *loan,
                           struct r4_slot *slot) {
    uint32_t index = (uint32_t)(loan - link->lent);
    link->lent_count = index < link->lent_count ? link->lent_count : index + 1;
    loan->ref = slot;
    loan->base = slot_object(slot);
    loan->size_log2 = (uint32_t)slot_size_log2(slot);
    loan->ttl = (uint32_t)slot_ttl(slot) - 1;
    loan->state = LOAN_OUT_OFFERED;
    slot->word[0] = r4_slot_type_set(slot->word[0], R4_CAP_REMOTE_REF);
    slot->word[1] = r4_loan_generation_set(r4_loan_index_set(r4_loan_peer_set(0, link->peer), index), loan->generation);
    range_leaves(loan->base, loan->size_log2);
    struct operation *operation = operation_start(core, caller, OPERATION_HANDOFF, NULL);
    operation->link = link;
    operation->loan_out = loan;
    remote_send_request(link, &loan->post, R4_MESSAGE_OFFER, caller->queue.priority);
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
    if (ref == &loan->slot && (slot_flags(ref) & R4_FLAG_LANDED) == 0) {
        capability_unlink(ref);
        return;
    }
    ref->word[0] = r4_slot_type_set(ref->word[0], R4_CAP_UNTYPED);
    ref->word[1] = 0;
    if (ref == &loan->slot) { /* a received root that had been lent on: its place is in the other record */
        remote_shelter(ref, slot_depth(ref));
    }
}

void remote_revoke(const struct r4_slot *slot, uint32_t priority) {
    struct loan_out *loan = loan_of(slot);
    struct link *link = cluster.links[r4_loan_peer_get(slot->word[1])];
    if (link->state != LINK_DEAD && loan_revoke(loan)) {
        remote_send_request(link, &loan->post, R4_MESSAGE_REVOKE, priority);
    }
}

enum r4_error remote_failure(const struct r4_slot *slot) {
    bool dead = cluster.links[r4_loan_peer_get(slot->word[1])]->state == LINK_DEAD;
    return dead ? R4_ERR_CLUSTER_DOWN : loan_of(slot)->failure;
}

static void shelter(struct r4_slot *slot, struct r4_slot *record, uint64_t depth) {
    slot->word[2] = r4_slot_depth_set(slot->word[2], depth);
    if (slot == record) {
        return; /* there already: its next ancestor has died as well */
    }
    derivation_move(machine_direct(), slot, record);
    operation_slot_moved(slot, record);
    remote_slot_moved(slot, record);
}

void remote_shelter(struct r4_slot *slot, uint64_t depth) {
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        struct loan_out *loan = loan_of(slot);
        shelter(slot, &loan->slot, depth);
        remote_revoke(&loan->slot, 0);
    } else {
        shelter(slot, &received_at(slot)->slot, depth);
    }
}

void remote_record_moved(struct r4_slot *from, struct r4_slot *slot) {
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        loan_of(slot)->ref = slot;
    } else if (slot_type(slot) == R4_CAP_LANDING) {
        *landing_of(slot) = slot;
    }
    if ((slot_flags(slot) & R4_FLAG_LANDED) != 0) {
        received_at(from)->root = slot;
    }
}

/* What a peer gives as its reason. */
static enum r4_error message_error(const struct r4_message *message) {
    bool known = message->error != R4_OK && message->error < R4_ERROR_COUNT;
    return known ? (enum r4_error)message->error : R4_ERR_PROTOCOL;
}

static void answer(struct core *core, struct link *link, struct loan_out *loan, const struct r4_message *message) {
    switch (loan_answer(loan, message)) {
    case LENDER_LENT_REVOKE:
        remote_send_request(link, &loan->post, R4_MESSAGE_REVOKE, link->priority);
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

uint32_t remote_landing_free(const struct link *link) {
    uint32_t index = 0;
    while (index < LINK_LANDINGS && link->landings[index] != NULL) {
        index++;
    }
    return index;
}

void remote_post(struct link *link, uint32_t landing, struct r4_slot *link_cap, struct r4_slot *slot) {
    struct slot_content content = {
        .type = R4_CAP_LANDING,
        .depth = (uint32_t)slot_depth(link_cap) + 1,
        .badge = (uint64_t)link->peer << 8 | landing,
    };
    derivation_make(machine_direct(), link_cap, slot, &content);
    link->landings[landing] = slot;
}

void remote_landing_gone(const struct r4_slot *slot) { *landing_of(slot) = NULL; }

void loans_peer_died(struct core *core, struct link *link) {
    struct operation *next;
    for (struct operation *operation = cluster.waiters; operation != NULL; operation = next) {
        next = operation->next;
        if (operation->kind == OPERATION_HANDOFF && operation->link == link) {
            operation_finish_wait(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
    operation_wake_loans(core);
}

/* Where the first posted slot that can be used is listed, or null. */
static struct r4_slot **landing_find(struct link *link) {
    for (uint32_t i = 0; i < LINK_LANDINGS; i++) {
        struct r4_slot *slot = link->landings[i];
        if (slot != NULL && (slot_flags(slot) & R4_FLAG_BUSY) == 0) {
            return &link->landings[i];
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
    return remote_range_is_known(message->base, message->size_log2) ? R4_ERR_OVERLAP : R4_OK;
}

/* Makes an offered range accessible; R4_ERR_PROTOCOL if it is no RAM. */
static enum r4_error range_take(const struct r4_message *message) {
    return machine_direct_map(message->base, 1ULL << message->size_log2, true) ? R4_OK : R4_ERR_PROTOCOL;
}

static void land(struct loan_in *loan, struct r4_slot *slot, const struct r4_message *message) {
    struct slot_content content = {
        .type = R4_CAP_UNTYPED,
        .ttl = message->ttl,
        .flags = R4_FLAG_ORIGINAL | R4_FLAG_LANDED,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = message->size_log2,
        .object = message->base,
    };
    capability_unlink(slot); /* from below the Link: what has landed ends only by the lender's revoke */
    slot_fill(slot, &content);
    loan->root = slot;
    loan->state = LOAN_IN_LANDED;
}

static void offer(struct link *link, struct loan_in *loan, const struct r4_message *message) {
    if (!loan_offer_fits(loan, message)) {
        return;
    }
    struct r4_slot **landing = landing_find(link);
    enum r4_error error = landing == NULL ? R4_ERR_NO_LANDING : offer_check(message);
    if (error == R4_OK) {
        error = range_take(message);
    }
    loan->generation = message->generation;
    if (error != R4_OK) {
        remote_send_answer(link, &loan->post, R4_MESSAGE_REFUSE, error);
        return;
    }
    /* commit */
    struct r4_slot *slot = *landing;
    *landing = NULL;
    link->received_count = message->loan < link->received_count ? link->received_count : message->loan + 1;
    loan->base = message->base;
    loan->size_log2 = message->size_log2;
    land(loan, slot, message);
    remote_send_answer(link, &loan->post, R4_MESSAGE_ACCEPT, R4_OK);
}

static void sweep(struct core *core, struct link *link, struct loan_in *loan, const struct r4_message *message) {
    if (!loan_sweep_starts(loan, message)) {
        return;
    }
    operation_start_orphan(&loan->sweep, OPERATION_SWEEP, loan->root, link->priority);
    loan->sweep.link = link;
    loan->sweep.loan_in = loan;
    revoke_begin(&loan->sweep);
    sched_kick(core, link->priority); /* this core may have something better to do */
}

void remote_swept(struct operation *operation) {
    struct loan_in *loan = operation->loan_in;
    if (operation->error != R4_OK) {
        loan->state = LOAN_IN_LANDED;
        remote_send_answer(operation->link, &loan->post, R4_MESSAGE_DONE, operation->error);
        return;
    }
    capability_unlink(loan->root);
    loan->root = NULL;
    loan->state = LOAN_IN_FREE;
    range_leaves(loan->base, loan->size_log2);
    remote_send_answer(operation->link, &loan->post, R4_MESSAGE_DONE, R4_OK);
}

void loans_receive(struct core *core, struct link *link, const struct r4_message *message) {
    switch (message->kind) {
    case R4_MESSAGE_OFFER:
        offer(link, &link->received[message->loan], message);
        break;
    case R4_MESSAGE_REVOKE:
        sweep(core, link, &link->received[message->loan], message);
        break;
    default:
        answer(core, link, &link->lent[message->loan], message);
        break;
    }
}
