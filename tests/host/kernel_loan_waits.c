/* SPDX-License-Identifier: MIT
 *
 * Those who wait for loans: how many are told in one step, and how urgent their requests are.
 */
#include "loan_world.h"

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

SUITE_MAIN("kernel loan waits", test_death_in_steps, test_back_in_steps, test_failure_in_steps,
           test_revoke_after_the_accept, test_waiter_is_raised, test_nothing_to_raise)
