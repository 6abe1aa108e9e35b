/* SPDX-License-Identifier: MIT
 *
 * Both sides of loans as cluster 1 of 4 plays them (peer/lend.c, serve/borrow.c): the fakes, which only note what is
 * sent, and the memory of four clusters. Included once.
 */
#ifndef R4_TESTS_LOAN_WORLD_H
#define R4_TESTS_LOAN_WORLD_H

#include "cluster/pools.h"
#include "kernel.h"
#include "peer/lend.h"
#include "peer/mailbox.h"
#include "peer/receive_slot.h"
#include "revoke/revoke.h"
#include "sched/operation.h"
#include "sched/sched.h"
#include "serve/borrow.h"

#define MIB  (1ULL << 20)
#define PAGE R4_LARGE_BITS
#define OWN  (128 * MIB) /* the cluster's own pool, of 64 MiB */
#define HOLE (192 * MIB) /* what follows it: 64 MiB that are in no pool */
#define FAR  (256 * MIB) /* cluster 2's, of 64 MiB; cluster 3's follows */
#define LENT 6U          /* TTL of what this cluster lends */

static struct peer peers[KERNEL_CLUSTERS];
static struct thread thread;
static _Alignas(R4_PAGE_SIZE) struct r4_slot slots[R4_SLOTS_PER_PAGE]; /* a cap page, filled as far as `used` */
static uint32_t used = 1;
static struct r4_slot peer_caps[KERNEL_CLUSTERS];
static struct {
    struct peer *peer;
    struct post *post;
    enum r4_message_kind kind;
    enum r4_error error;
    uint32_t priority;
} sent; /* the last message */
static struct {
    struct post *post;
    uint32_t priority;
} raised; /* the last message that was made more urgent, if it waits for a slot */
static uint32_t sent_count;
static int64_t mapped; /* bytes that have come into the direct map, less those that have left it */
static enum r4_error handoff_error;
static uint32_t told; /* waits that have ended, and operations that were woken */

/* --- fakes --- */

void lock_pass(struct lock_node *node, struct core *core) {
    (void)node;
    (void)core;
}
void machine_direct_map(phys_t base, uint64_t size, bool present) {
    ck_assert_ptr_nonnull(pool_around(base, size));
    mapped += present ? (int64_t)size : -(int64_t)size;
}
void cluster_range_leaves(phys_t base, uint32_t size_log2) { machine_direct_map(base, 1ULL << size_log2, false); }
void panic(const char *text, ...) {
    ck_abort_msg("panic: %s", text);
    abort();
}
void mailbox_send_request(struct peer *peer, struct post *post, enum r4_message_kind kind, uint32_t priority) {
    sent.peer = peer;
    sent.post = post;
    sent.kind = kind;
    sent.priority = priority;
    sent_count++;
}
void mailbox_send_answer(struct peer *peer, struct post *post, enum r4_message_kind kind, enum r4_error error) {
    mailbox_send_request(peer, post, kind, 0);
    sent.error = error;
}
struct operation *operation_start(struct core *core, struct thread *caller, enum operation_kind kind,
                                  struct r4_slot *root) {
    (void)core;
    (void)root;
    caller->operation = (struct operation){.kind = kind, .thread = caller};
    return &caller->operation;
}
void operation_wait_in(struct operation *operation, struct operation **list) {
    operation->wait_next = *list;
    operation->wait_link = list;
    if (*list != NULL) {
        (*list)->wait_link = &operation->wait_next;
    }
    *list = operation;
}
static inline void wait_end(struct operation *operation) {
    *operation->wait_link = operation->wait_next;
    if (operation->wait_next != NULL) {
        operation->wait_next->wait_link = operation->wait_link;
    }
    operation->wait_link = NULL;
    told++;
}
void operation_waits_move(struct operation **from, struct operation **to) {
    ck_assert_ptr_null(*to);
    *to = *from;
    *from = NULL;
    if (*to != NULL) {
        (*to)->wait_link = to;
    }
}
void operation_wait(struct operation *operation) { operation->waiting = true; }
void operation_wake(struct core *core, struct operation *operation) {
    ck_assert_ptr_eq(core, &own_core);
    ck_assert(operation->waiting && operation->kind != OPERATION_HANDOFF);
    operation->waiting = false;
    wait_end(operation);
}
void operation_finish(struct operation *operation, enum r4_error error, uint64_t value) {
    (void)value;
    ck_assert_int_eq(operation->kind, OPERATION_HANDOFF);
    operation->kind = OPERATION_NONE;
    wait_end(operation);
    handoff_error = error;
}
void mailbox_raise(struct peer *peer, struct post *post, uint32_t priority) {
    ck_assert(post >= &peer->lent[0].post && post <= &peer->lent[LOANS - 1].post);
    raised.post = post;
    raised.priority = priority;
}
void operation_start_orphan(struct operation *operation, enum operation_kind kind, struct r4_slot *root,
                            uint32_t priority) {
    *operation =
        (struct operation){.kind = kind, .run = {OPERATION_MARKING, root, root}, .queue = {.priority = priority}};
}
void operation_follow(const struct r4_slot *slot) { ck_abort_msg("nobody is at %p", (const void *)slot); }
void operation_follow_to(const struct r4_slot *from, struct r4_slot *to) {
    ck_abort_msg("nobody is at %p, moved to %p", (const void *)from, (void *)to);
}
void revoke_begin(struct operation *operation) { ck_assert_int_eq(operation->kind, OPERATION_SWEEP); }
void sched_kick(struct core *core, uint32_t priority) {
    (void)core;
    (void)priority;
}

/* --- the world --- */

static inline void pool_add(phys_t base, uint64_t size, uint32_t number) {
    struct r4_boot_info *info = &r4_linker_boot_info;
    info->pools[info->pool_count++] = (struct r4_boot_pool){.base = base, .size = size, .cluster = number};
}

static inline void start(void) {
    slot_fill(&slots[0], &(struct slot_content){.type = R4_CAP_HEADER, .size_log2 = R4_PAGE_BITS});
    pool_add(2 * MIB, 62 * MIB, 0);
    pool_add(OWN, 64 * MIB, KERNEL_OWN);
    pool_add(FAR, 64 * MIB, 2);
    pool_add(FAR + 64 * MIB, 64 * MIB, 3);
    loan_map_init(&cluster.loans, pools_end());
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) {
        cluster.peers[number] = number == KERNEL_OWN ? NULL : &peers[number];
        peers[number].number = number;
        peers[number].state = PEER_UP;
        for (uint32_t i = 0; i < LOANS; i++) {
            peers[number].lent[i].post.loan = i;
            peers[number].received[i].post.loan = i;
        }
        slot_fill(&peer_caps[number], &(struct slot_content){.type = R4_CAP_PEER, .badge = number});
    }
}

/* An untyped of this range, as boot or a retype would create it. */
static inline struct r4_slot *untyped(phys_t base, uint32_t size_log2) {
    struct slot_content content = {
        .type = R4_CAP_UNTYPED, .ttl = LENT, .rights = R4_ALL_RIGHTS, .size_log2 = size_log2, .object = base};
    ck_assert_uint_lt(used, R4_COUNT(slots));
    slot_fill(&slots[used], &content);
    return &slots[used++];
}

static inline struct r4_message about(const struct loan_out *loan, enum r4_message_kind kind, enum r4_error error) {
    return (struct r4_message){.kind = kind, .error = error, .loan = loan->post.loan, .generation = loan->generation};
}

static inline void answer(uint32_t number, struct loan_out *loan, enum r4_message_kind kind, enum r4_error error) {
    struct r4_message message = about(loan, kind, error);
    lend_answer(&own_core, &peers[number], loan, &message);
}

static inline struct loan_out *offer_by(struct thread *caller, uint32_t number, struct r4_slot *slot) {
    struct loan_out *loan = loan_take(peers[number].lent, &peers[number].lent_taken);
    lend_handoff(&own_core, caller, &peers[number], loan, slot);
    ck_assert_int_eq(sent.kind, R4_MESSAGE_OFFER);
    return loan;
}

static inline struct loan_out *offer_to(uint32_t number, struct r4_slot *slot) {
    return offer_by(&thread, number, slot);
}

static inline struct loan_out *lend_to(uint32_t number, struct r4_slot *slot) {
    struct loan_out *loan = offer_to(number, slot);
    answer(number, loan, R4_MESSAGE_ACCEPT, R4_OK);
    ck_assert_int_eq(loan->state, LOAN_OUT_LENT);
    return loan;
}

/* The peer offers this range in its next record; a receive slot is posted. Returns why it was refused, or R4_OK. */
static inline enum r4_error offered(uint32_t number, phys_t base, uint32_t size_log2, uint32_t ttl) {
    static uint32_t next[KERNEL_CLUSTERS];
    struct peer *peer = &peers[number];
    struct r4_message message = {.kind = R4_MESSAGE_OFFER, .loan = next[number]++ % LOANS, .generation = 1};
    struct loan_in *loan = &peer->received[message.loan];
    message.generation = loan->generation + 1;
    message.base = base;
    message.size_log2 = size_log2;
    message.ttl = ttl;
    ck_assert_uint_lt(used, R4_COUNT(slots));
    if (receive_slot_find(peer) == NULL) {
        receive_slot_post(peer, receive_slot_free(peer), &peer_caps[number], &slots[used++]);
    }
    int64_t before = mapped;
    uint32_t count = sent_count;
    borrow_offer(peer, loan, &message);
    ck_assert_uint_eq(sent_count, count + 1);
    ck_assert_ptr_eq(sent.post, &loan->post);
    bool accepted = sent.kind == R4_MESSAGE_ACCEPT;
    ck_assert(accepted || sent.kind == R4_MESSAGE_REFUSE);
    ck_assert_int_eq(mapped - before, accepted ? (int64_t)(1ULL << size_log2) : 0);
    ck_assert_int_eq(loan->state, accepted ? LOAN_IN_RECEIVED : LOAN_IN_FREE);
    ck_assert(accepted != (receive_slot_find(peer) != NULL));
    return sent.error;
}

/* The record of what the peer has lent in this range. */
static inline struct loan_in *received(uint32_t number, phys_t base) {
    for (uint32_t i = 0; i < LOANS; i++) {
        struct loan_in *loan = &peers[number].received[i];
        if (loan->state != LOAN_IN_FREE && loan->range.base == base) {
            return loan;
        }
    }
    ck_abort_msg("cluster %u has lent nothing at %lx", number, base);
    return NULL;
}

/* The peer asks for it, and it is swept. */
static inline void swept(uint32_t number, struct loan_in *loan) {
    struct r4_message message = {.kind = R4_MESSAGE_REVOKE, .loan = loan->post.loan, .generation = loan->generation};
    borrow_sweep(&own_core, &peers[number], loan, &message);
    ck_assert_int_eq(loan->state, LOAN_IN_SWEEPING);
    borrow_swept(&loan->sweep);
    ck_assert_int_eq(loan->state, LOAN_IN_FREE);
    ck_assert(sent.kind == R4_MESSAGE_DONE && sent.error == R4_OK);
}

#endif
