/* SPDX-License-Identifier: MIT
 *
 * Both sides of loans as cluster 1 of 4 plays them (peer/lend.c, serve/borrow.c): which offers it takes, memory that is
 * handed back to its lender, answers that come too early, and records that follow their capabilities. What is sent is
 * only noted here.
 */
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
static void wait_end(struct operation *operation) {
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

static void pool_add(phys_t base, uint64_t size, uint32_t number) {
    struct r4_boot_info *info = &r4_linker_boot_info;
    info->pools[info->pool_count++] = (struct r4_boot_pool){.base = base, .size = size, .cluster = number};
}

static void start(void) {
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
static struct r4_slot *untyped(phys_t base, uint32_t size_log2) {
    struct slot_content content = {
        .type = R4_CAP_UNTYPED, .ttl = LENT, .rights = R4_ALL_RIGHTS, .size_log2 = size_log2, .object = base};
    ck_assert_uint_lt(used, R4_COUNT(slots));
    slot_fill(&slots[used], &content);
    return &slots[used++];
}

static struct r4_message about(const struct loan_out *loan, enum r4_message_kind kind, enum r4_error error) {
    return (struct r4_message){.kind = kind, .error = error, .loan = loan->post.loan, .generation = loan->generation};
}

static void answer(uint32_t number, struct loan_out *loan, enum r4_message_kind kind, enum r4_error error) {
    struct r4_message message = about(loan, kind, error);
    lend_answer(&own_core, &peers[number], loan, &message);
}

static struct loan_out *offer_by(struct thread *caller, uint32_t number, struct r4_slot *slot) {
    struct loan_out *loan = loan_take(peers[number].lent, &peers[number].lent_taken);
    lend_handoff(&own_core, caller, &peers[number], loan, slot);
    ck_assert_int_eq(sent.kind, R4_MESSAGE_OFFER);
    return loan;
}

static struct loan_out *offer_to(uint32_t number, struct r4_slot *slot) { return offer_by(&thread, number, slot); }

static struct loan_out *lend_to(uint32_t number, struct r4_slot *slot) {
    struct loan_out *loan = offer_to(number, slot);
    answer(number, loan, R4_MESSAGE_ACCEPT, R4_OK);
    ck_assert_int_eq(loan->state, LOAN_OUT_LENT);
    return loan;
}

/* The peer offers this range in its next record; a receive slot is posted. Returns why it was refused, or R4_OK. */
static enum r4_error offered(uint32_t number, phys_t base, uint32_t size_log2, uint32_t ttl) {
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
static struct loan_in *received(uint32_t number, phys_t base) {
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
static void swept(uint32_t number, struct loan_in *loan) {
    struct r4_message message = {.kind = R4_MESSAGE_REVOKE, .loan = loan->post.loan, .generation = loan->generation};
    borrow_sweep(&own_core, &peers[number], loan, &message);
    ck_assert_int_eq(loan->state, LOAN_IN_SWEEPING);
    borrow_swept(&loan->sweep);
    ck_assert_int_eq(loan->state, LOAN_IN_FREE);
    ck_assert(sent.kind == R4_MESSAGE_DONE && sent.error == R4_OK);
}

/* --- what an OFFER may name --- */

START_TEST(test_offers_of_no_pool) {
    static const phys_t bases[] = {
        0, 64 * MIB, OWN - 2 * MIB, HOLE, FAR - 2 * MIB, FAR + 128 * MIB, R4_PHYS_MAX, R4_PHYS_MAX - 2 * MIB};
    start();
    for (size_t i = 0; i < R4_COUNT(bases); i++) {
        ck_assert_int_eq(offered(0, bases[i], PAGE, 3), R4_ERR_PROTOCOL);
    }
    ck_assert_int_eq(offered(0, OWN, 27, 3), R4_ERR_PROTOCOL); /* the pool, and the hole after it */
    ck_assert_int_eq(offered(0, FAR, 27, 3), R4_ERR_PROTOCOL); /* two clusters' pools */
    ck_assert_int_eq(offered(0, 0, 30, 3), R4_ERR_PROTOCOL);   /* all there is */
    ck_assert_int_eq(offered(2, FAR + MIB, PAGE, 3), R4_ERR_PROTOCOL);
    ck_assert_int_eq(offered(2, FAR, PAGE - 1, 3), R4_ERR_PROTOCOL);
    ck_assert_int_eq(offered(2, FAR, 31, 3), R4_ERR_PROTOCOL);
    ck_assert_int_eq(offered(2, FAR, UINT32_MAX, 3), R4_ERR_PROTOCOL);
    ck_assert_int_eq(offered(2, FAR, PAGE, R4_TTL_MAX), R4_ERR_PROTOCOL);
    ck_assert_int_eq(mapped, 0);
}
END_TEST

START_TEST(test_offers_of_what_is_known) {
    start();
    ck_assert_int_eq(offered(2, OWN, PAGE, 3), R4_ERR_OVERLAP);
    ck_assert_int_eq(offered(2, FAR + 4 * MIB, PAGE + 1, 3), R4_OK);
    ck_assert_int_eq(offered(2, FAR + 4 * MIB, PAGE + 1, 2), R4_ERR_OVERLAP);
    ck_assert_int_eq(offered(0, FAR + 6 * MIB, PAGE, 2), R4_ERR_OVERLAP); /* inside, of whomever */
    ck_assert_int_eq(offered(2, FAR, PAGE + 2, 2), R4_ERR_OVERLAP);       /* around */
    ck_assert_int_eq(offered(2, FAR + 8 * MIB, PAGE, 2), R4_OK);          /* beside */
    swept(2, received(2, FAR + 4 * MIB));
    ck_assert_int_eq(offered(2, FAR + 4 * MIB, PAGE + 1, 2), R4_OK);
}
END_TEST

/* --- hand-back --- */

START_TEST(test_hand_back) {
    start();
    struct loan_out *lent = lend_to(2, untyped(OWN, PAGE + 2));
    ck_assert_int_eq(offered(2, OWN, PAGE + 3, 2), R4_ERR_OVERLAP); /* more than was lent */
    ck_assert_int_eq(offered(2, OWN + 8 * MIB, PAGE, 2), R4_ERR_OVERLAP);
    ck_assert_int_eq(offered(2, OWN, PAGE, 2), R4_OK);
    ck_assert_int_eq(offered(3, OWN + 4 * MIB, PAGE, 2), R4_OK); /* from whom the borrower has lent it to */
    ck_assert_int_eq(offered(2, OWN, PAGE, 1), R4_ERR_OVERLAP);
    ck_assert_int_eq(offered(2, OWN, PAGE + 2, 1), R4_ERR_OVERLAP); /* around what has come back */
    ck_assert_int_eq(mapped, -(int64_t)(8 * MIB) + (int64_t)(4 * MIB));
    lend_revoke(lent->ref, 0);
    ck_assert_int_eq(sent.kind, R4_MESSAGE_REVOKE);
    swept(2, received(2, OWN));
    swept(3, received(3, OWN + 4 * MIB));
    answer(2, lent, R4_MESSAGE_DONE, R4_OK);
    ck_assert_int_eq(lent->state, LOAN_OUT_FREE);
    ck_assert_int_eq(mapped, 0);
    ck_assert_int_eq(cluster.loan_messages_dropped, 0);
    ck_assert_ptr_null(cluster.loans.top);
}
END_TEST

/* The whole range, back and forth, as often as the TTL allows: each loan is inside the one before. */
START_TEST(test_back_and_forth) {
    start();
    struct loan_out *lent[3];
    struct loan_in *back[3];
    struct r4_slot *memory = untyped(OWN, PAGE);
    for (uint32_t i = 0; i < 3; i++) {
        lent[i] = lend_to(2, memory);
        uint32_t ttl = lent[i]->ttl;
        ck_assert_uint_eq(ttl, LENT - 1 - 2 * i);
        ck_assert_int_eq(offered(2, OWN, PAGE, ttl), R4_ERR_PROTOCOL); /* not below what was lent */
        ck_assert_int_eq(offered(2, OWN, PAGE, ttl - 1), R4_OK);
        back[i] = loan_received(loan_map_find(&cluster.loans, OWN, PAGE).around);
        memory = back[i]->root;
    }
    swept(2, back[2]);
    for (uint32_t i = 3; i-- > 0;) {
        lend_revoke(lent[i]->ref, 0);
        answer(2, lent[i], R4_MESSAGE_DONE, R4_OK);
        ck_assert_int_eq(lent[i]->state, LOAN_OUT_FREE);
        if (i > 0) {
            swept(2, back[i - 1]);
        }
    }
    ck_assert_int_eq(mapped, 0);
}
END_TEST

/* The hand-back may come by another ring before the borrower's ACCEPT does. */
START_TEST(test_hand_back_before_the_accept) {
    start();
    struct loan_out *lent = offer_to(2, untyped(OWN, PAGE));
    ck_assert_int_eq(offered(3, OWN, PAGE, 2), R4_OK);
    answer(2, lent, R4_MESSAGE_REFUSE, R4_ERR_FULL); /* a lie, by one of the two */
    ck_assert_int_eq(lent->state, LOAN_OUT_OFFERED);
    ck_assert_uint_eq(cluster.loan_messages_dropped, 1);
    answer(2, lent, R4_MESSAGE_ACCEPT, R4_OK);
    ck_assert_int_eq(lent->state, LOAN_OUT_LENT);
    ck_assert_int_eq(handoff_error, R4_OK);
}
END_TEST

START_TEST(test_done_too_early) {
    start();
    struct loan_out *lent = lend_to(2, untyped(OWN, PAGE + 1));
    ck_assert_int_eq(offered(3, OWN + 2 * MIB, PAGE, 2), R4_OK);
    lend_revoke(lent->ref, 0);
    int64_t before = mapped;
    answer(2, lent, R4_MESSAGE_DONE, R4_OK);
    ck_assert_int_eq(lent->state, LOAN_OUT_REVOKING);
    ck_assert_int_eq(slot_type(lent->ref), R4_CAP_REMOTE_REF);
    ck_assert_int_eq(mapped, before);
    ck_assert_uint_eq(cluster.loan_messages_dropped, 1);
    answer(2, lent, R4_MESSAGE_DONE, R4_ERR_CLUSTER_DOWN); /* this one gives nothing back */
    ck_assert_int_eq(lent->state, LOAN_OUT_LENT);
    lend_revoke(lent->ref, 0);
    swept(3, received(3, OWN + 2 * MIB));
    answer(2, lent, R4_MESSAGE_DONE, R4_OK);
    ck_assert_int_eq(lent->state, LOAN_OUT_FREE);
    ck_assert_uint_eq(cluster.loan_messages_dropped, 1);
    ck_assert_int_eq(mapped, 0);
}
END_TEST

/* Every message about a loan that does not fit its record is counted. */
START_TEST(test_dropped_messages_are_counted) {
    start();
    struct loan_out *lent = lend_to(2, untyped(OWN, PAGE));
    struct r4_message revoke = {.kind = R4_MESSAGE_REVOKE, .loan = 9, .generation = 4};
    struct r4_message offer = {.kind = R4_MESSAGE_OFFER, .loan = 9, .base = FAR, .size_log2 = PAGE};
    uint32_t count = sent_count;
    answer(2, lent, R4_MESSAGE_ACCEPT, R4_OK);
    ck_assert_uint_eq(cluster.loan_messages_dropped, 1);
    borrow_sweep(&own_core, &peers[2], &peers[2].received[9], &revoke);
    ck_assert_uint_eq(cluster.loan_messages_dropped, 2);
    borrow_offer(&peers[2], &peers[2].received[9], &offer); /* generation 0 */
    ck_assert_uint_eq(cluster.loan_messages_dropped, 3);
    ck_assert_uint_eq(sent_count, count);
}
END_TEST

/* --- many that wait --- */

#define REVOKES 50U

static struct operation revokes[REVOKES];

/* That many revokes wait for the loan. */
static void wait_for(const struct loan_out *loan, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        revokes[i] = (struct operation){.kind = OPERATION_REVOKE, .run.position = loan->ref};
        lend_wait(&revokes[i], loan->ref);
    }
}

/* What is left to be told, in steps; between them the loan stays as it is. Returns how many were told. */
static uint32_t tell_all(struct peer *peer) {
    uint32_t before = told;
    for (bool all = false; !all;) {
        uint32_t last = told;
        all = lend_tell(&own_core, peer);
        ck_assert_uint_le(told - last, LEND_TELL);
        ck_assert(all || told - last > 0);
    }
    return told - before;
}

/* A peer dies that has many loans, for each of which many wait: a step tells few of them. Whoever asks between the
 * steps hears that the peer is down. */
START_TEST(test_death_in_steps) {
    static struct thread callers[10];
    const struct r4_slot *refs[R4_COUNT(callers)];
    start();
    for (uint32_t i = 0; i < R4_COUNT(callers); i++) {
        struct loan_out *loan = offer_by(&callers[i], 2, untyped(OWN + i * 2 * MIB, PAGE));
        wait_for(loan, i * 5, 5);
        refs[i] = loan->ref;
    }
    struct loan_out *other = lend_to(3, untyped(OWN + 32 * MIB, PAGE));
    struct operation waits = {.kind = OPERATION_REVOKE};
    lend_wait(&waits, other->ref);
    told = sent_count = 0;
    peers[2].state = PEER_DEAD;
    lend_peer_died(&peers[2]);
    ck_assert_uint_le(told, LEND_TELL);
    for (bool all = false; !all;) {
        uint32_t last = told;
        all = lend_tell(&own_core, &peers[2]);
        ck_assert_uint_le(told - last, LEND_TELL);
        for (uint32_t i = 0; i < R4_COUNT(refs); i++) {
            lend_revoke(refs[i], 9);
            ck_assert_int_eq(lend_failure(refs[i]), R4_ERR_CLUSTER_DOWN);
        }
    }
    ck_assert_uint_eq(told, 10 + 50);
    ck_assert_int_eq(handoff_error, R4_ERR_CLUSTER_DOWN);
    for (uint32_t i = 0; i < REVOKES; i++) {
        ck_assert(!revokes[i].waiting);
    }
    ck_assert(waits.waiting && lend_failure(other->ref) == R4_OK);
    ck_assert_uint_eq(sent_count, 0);
}
END_TEST

/* Many wait for one loan, which comes back: a step wakes few of them. Meanwhile the record is used again. */
START_TEST(test_back_in_steps) {
    start();
    struct r4_slot *memory = untyped(OWN, PAGE);
    struct loan_out *loan = lend_to(2, memory);
    lend_revoke(loan->ref, 0);
    wait_for(loan, 0, 20);
    told = 0;
    answer(2, loan, R4_MESSAGE_DONE, R4_OK);
    ck_assert_uint_le(told, LEND_TELL);
    ck_assert_ptr_nonnull(peers[2].waking);
    ck_assert_ptr_eq(offer_to(2, memory), loan);
    wait_for(loan, 20, 20);
    uint32_t first = told;
    ck_assert_uint_eq(first + tell_all(&peers[2]), 20);
    for (uint32_t i = 0; i < 40; i++) {
        ck_assert_int_eq(revokes[i].waiting, i >= 20);
    }
    told = 0;
    answer(2, loan, R4_MESSAGE_REFUSE, R4_ERR_FULL);
    ck_assert_uint_le(told, LEND_TELL + 1); /* and the hand-off */
    first = told;
    ck_assert_uint_eq(first + tell_all(&peers[2]), 21);
    ck_assert_int_eq(handoff_error, R4_ERR_FULL);
}
END_TEST

/* Many wait for one loan, whose borrower cannot sweep. */
START_TEST(test_failure_in_steps) {
    start();
    struct loan_out *loan = lend_to(2, untyped(OWN, PAGE));
    lend_revoke(loan->ref, 0);
    wait_for(loan, 0, 20);
    told = 0;
    answer(2, loan, R4_MESSAGE_DONE, R4_ERR_CLUSTER_DOWN);
    ck_assert_uint_le(told, LEND_TELL);
    uint32_t first = told;
    ck_assert_uint_eq(first + tell_all(&peers[2]), 20);
    ck_assert_int_eq(lend_failure(loan->ref), R4_ERR_CLUSTER_DOWN);
}
END_TEST

/* --- how urgent a request is --- */

/* A revoke that has to wait for the ACCEPT is sent at the priority of the most urgent of its callers. */
START_TEST(test_revoke_after_the_accept) {
    static const uint32_t callers[][3] = {{3, 9, 5}, {9, 3, 0}, {0, 0, 0}, {1, 2, 4}};
    static const uint32_t most[] = {9, 9, 0, 4};
    start();
    peers[2].priority = 200;
    struct r4_slot *memory = untyped(OWN, PAGE);
    for (uint32_t i = 0; i < R4_COUNT(callers); i++) {
        struct loan_out *loan = offer_to(2, memory);
        ck_assert_uint_eq(loan->post.loan, 0); /* the same record: nothing is left of the loan before */
        for (uint32_t j = 0; j < R4_COUNT(callers[i]); j++) {
            lend_revoke(loan->ref, callers[i][j]);
        }
        ck_assert_int_eq(sent.kind, R4_MESSAGE_OFFER);
        answer(2, loan, R4_MESSAGE_ACCEPT, R4_OK);
        ck_assert_int_eq(sent.kind, R4_MESSAGE_REVOKE);
        ck_assert_uint_eq(sent.priority, most[i]);
        answer(2, loan, R4_MESSAGE_DONE, R4_OK);
        loan = offer_to(2, memory);
        lend_revoke(loan->ref, 100); /* there will be nothing to revoke */
        answer(2, loan, R4_MESSAGE_REFUSE, R4_ERR_FULL);
    }
}
END_TEST

/* Who waits for a loan becomes more urgent: so does the request, wherever it is. */
START_TEST(test_waiter_is_raised) {
    static const enum operation_kind kinds[] = {OPERATION_REVOKE, OPERATION_DELETE, OPERATION_SWEEP};
    start();
    for (uint32_t i = 0; i < R4_COUNT(kinds); i++) {
        struct loan_out *loan = offer_to(2, untyped(OWN + i * 2 * MIB, PAGE));
        struct operation revoke = {.kind = kinds[i], .run.position = loan->ref, .waiting = true};
        raised.post = NULL;
        lend_raise(&thread.operation, 7); /* the hand-off */
        ck_assert(raised.post == &loan->post && raised.priority == 7);
        lend_revoke(loan->ref, 4);
        lend_raise(&revoke, 6);
        answer(2, loan, R4_MESSAGE_ACCEPT, R4_OK);
        ck_assert(sent.kind == R4_MESSAGE_REVOKE && sent.priority == 6);
        lend_raise(&revoke, 8);
        ck_assert(raised.post == &loan->post && raised.priority == 8);
        uint32_t count = sent_count;
        answer(2, loan, R4_MESSAGE_DONE, R4_ERR_CLUSTER_DOWN);
        lend_raise(&revoke, 9); /* has been answered, and not been woken yet */
        ck_assert_int_eq(loan->failure, R4_ERR_CLUSTER_DOWN);
        ck_assert_uint_eq(sent_count, count);
    }
}
END_TEST

/* There is no request to raise: nothing happens. */
START_TEST(test_nothing_to_raise) {
    start();
    struct loan_out *loan = offer_to(2, untyped(OWN, PAGE));
    answer(2, loan, R4_MESSAGE_ACCEPT, R4_OK);
    raised.post = NULL;
    lend_raise(&thread.operation, 9);
    lend_raise(&(struct operation){.kind = OPERATION_REVOKE, .run.position = loan->ref}, 9);
    lend_raise(&(struct operation){.kind = OPERATION_JOIN, .run.position = loan->ref, .waiting = true}, 9);
    lend_raise(&(struct operation){.kind = OPERATION_REVOKE, .run.position = untyped(OWN, PAGE), .waiting = true}, 9);
    lend_raise(&(struct operation){.kind = OPERATION_REVOKE, .waiting = true}, 9); /* another has removed its run */
    ck_assert_ptr_null(raised.post);
}
END_TEST

/* --- records follow their capabilities --- */

/* Two received roots of one range, the outer one lent on; both, and the RemoteRef between, move and are parked. */
START_TEST(test_roots_of_one_range_move) {
    start();
    ck_assert_int_eq(offered(0, FAR, PAGE, 9), R4_OK);
    struct loan_in *outer = received(0, FAR);
    struct loan_out *lent = lend_to(2, outer->root);
    ck_assert_int_eq(offered(2, FAR, PAGE, 6), R4_OK);
    struct loan_in *inner = received(2, FAR);
    struct r4_slot *places[] = {&slots[used], &slots[used + 1]};
    struct loan_in *loans[] = {outer, inner};
    for (uint32_t i = 0; i < 2; i++) {
        struct r4_slot *from = loans[i]->root;
        derivation_move(machine_direct(), from, places[i]);
        lend_slot_moved(from, places[i]);
        ck_assert_ptr_eq(loans[i]->root, places[i]);
    }
    ck_assert_ptr_eq(lent->ref, outer->root);
    ck_assert_int_eq(slot_type(outer->root), R4_CAP_REMOTE_REF);
    lend_park(inner->root, 0);
    ck_assert_ptr_eq(inner->root, &inner->slot);
    lend_park(outer->root, 0); /* a RemoteRef: into the record of what is lent */
    ck_assert(outer->root == &lent->slot && lent->ref == &lent->slot);
    ck_assert_int_eq(lent->state, LOAN_OUT_REVOKING);
    swept(2, inner);
    answer(2, lent, R4_MESSAGE_DONE, R4_OK);
    ck_assert_ptr_eq(outer->root, &outer->slot); /* and on into its own */
    ck_assert_int_eq(slot_type(outer->root), R4_CAP_UNTYPED);
    swept(0, outer);
    ck_assert_int_eq(mapped, 0);
}
END_TEST

SUITE_MAIN("kernel loan", test_offers_of_no_pool, test_offers_of_what_is_known, test_hand_back, test_back_and_forth,
           test_hand_back_before_the_accept, test_done_too_early, test_dropped_messages_are_counted,
           test_death_in_steps, test_back_in_steps, test_failure_in_steps, test_revoke_after_the_accept,
           test_waiter_is_raised, test_nothing_to_raise, test_roots_of_one_range_move)
