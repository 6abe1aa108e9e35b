/* SPDX-License-Identifier: MIT
 *
 * Both sides of loans as cluster 1 of 4 plays them (peer/lend.c, serve/borrow.c): which offers it takes, memory that is
 * handed back to its lender, answers that come too early, and records that follow their capabilities.
 */
#include "loan_world.h"

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
           test_roots_of_one_range_move)
