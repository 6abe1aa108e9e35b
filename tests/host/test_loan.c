/* SPDX-License-Identifier: MIT
 *
 * Loans: every state of both records with every message, generation and pending question; the crossing cases of loan.h,
 * played through on both sides; the last generation.
 */
#include "pure/loan.h"
#include "suite.h"

#define KINDS (R4_MESSAGE_KIND_COUNT + 2U) /* and two that no peer should send */

static const uint32_t generations[] = {0, 1, 6, 7, 8, 0x7fffffff, LOAN_GENERATION_MAX};

/* --- the lender --- */

/* What a message does to a record, if it names the record's generation and no question of the record is unsent. Any
 * other message is dropped. */
static const struct answer {
    enum loan_out_state state;
    bool revoke_wanted;
    uint32_t kind;
    uint32_t error;
    enum lender_action action;
    enum loan_out_state after;
} answers[] = {
    {LOAN_OUT_OFFERED, false, R4_MESSAGE_ACCEPT, 0, LENDER_LENT, LOAN_OUT_LENT},
    {LOAN_OUT_OFFERED, true, R4_MESSAGE_ACCEPT, 0, LENDER_LENT_REVOKE, LOAN_OUT_REVOKING},
    {LOAN_OUT_OFFERED, false, R4_MESSAGE_REFUSE, 0, LENDER_REFUSED, LOAN_OUT_FREE},
    {LOAN_OUT_OFFERED, true, R4_MESSAGE_REFUSE, 0, LENDER_REFUSED, LOAN_OUT_FREE},
    {LOAN_OUT_REVOKING, false, R4_MESSAGE_DONE, R4_OK, LENDER_BACK, LOAN_OUT_FREE},
    {LOAN_OUT_REVOKING, false, R4_MESSAGE_DONE, R4_ERR_CLUSTER_DOWN, LENDER_STILL_LENT, LOAN_OUT_LENT},
    {LOAN_OUT_REVOKING, false, R4_MESSAGE_DONE, UINT32_MAX, LENDER_STILL_LENT, LOAN_OUT_LENT},
};

static const uint32_t errors[] = {R4_OK, R4_ERR_CLUSTER_DOWN, UINT32_MAX};

static struct answer expected_answer(enum loan_out_state state, bool wanted, uint32_t kind, uint32_t error) {
    for (size_t i = 0; i < R4_COUNT(answers); i++) {
        bool error_counts = kind == R4_MESSAGE_DONE;
        if (answers[i].state == state && answers[i].revoke_wanted == wanted && answers[i].kind == kind &&
            (!error_counts || answers[i].error == error)) {
            return answers[i];
        }
    }
    return (struct answer){state, wanted, kind, error, LENDER_DROP, state};
}

/* `holds`: a part of the memory has been received, inside its own loan. */
static void expect_answer(struct answer expected, uint32_t generation, uint32_t named, uint32_t unsent, bool holds) {
    struct loan_map map;
    loan_map_init(&map, R4_PHYS_MAX);
    struct loan_in inner = {.range = {.size_log2 = R4_LARGE_BITS, .received = true}};
    struct loan_out loan = {.ttl = 7,
                            .post = {.kind = unsent},
                            .generation = generation,
                            .state = expected.state,
                            .revoke_wanted = expected.revoke_wanted};
    if (expected.state != LOAN_OUT_FREE) { /* a free one may never have had a range */
        loan.range.size_log2 = R4_LARGE_BITS + 1;
        loan_map_add(&map, &loan.range);
    }
    if (holds) {
        loan_map_add(&map, &inner.range);
    }
    struct loan_out before = loan;
    struct r4_message message = {.kind = expected.kind, .error = expected.error, .generation = named};
    bool dropped = named != generation || unsent != R4_MESSAGE_NONE || expected.action == LENDER_DROP ||
                   (holds && expected.after == LOAN_OUT_FREE);
    ck_assert_int_eq(loan_answer(&map, &loan, &message), dropped ? LENDER_DROP : expected.action);
    struct loan_range *around = loan_map_find(&map, 0, R4_LARGE_BITS + 1).around;
    ck_assert_ptr_eq(around, loan.state == LOAN_OUT_FREE ? NULL : &loan.range);
    if (dropped) {
        ck_assert_mem_eq(&loan, &before, sizeof(loan));
        return;
    }
    ck_assert_int_eq(loan.state, expected.after);
    ck_assert(!loan.revoke_wanted); /* a REVOKE is sent now, or there is nothing to revoke */
    ck_assert_uint_eq(loan.generation, generation);
    ck_assert_uint_eq(loan.ttl, 7);
}

/* Every error: with each generation, the same or another one; with each question unsent; with a part that is back. */
static void expect_every_answer(enum loan_out_state state, bool wanted, uint32_t kind) {
    for (size_t i = 0; i < R4_COUNT(errors); i++) {
        struct answer expected = expected_answer(state, wanted, kind, errors[i]);
        for (size_t j = 0; j < R4_COUNT(generations); j++) {
            expect_answer(expected, generations[j], generations[j], R4_MESSAGE_NONE, false);
            expect_answer(expected, generations[j], generations[j], R4_MESSAGE_NONE, true);
            expect_answer(expected, 7, generations[j], R4_MESSAGE_NONE, false);
        }
        expect_answer(expected, 7, 7, R4_MESSAGE_OFFER, false);
        expect_answer(expected, 7, 7, R4_MESSAGE_REVOKE, false);
    }
}

START_TEST(test_lender_every_answer) {
    for (int state = LOAN_OUT_FREE; state <= LOAN_OUT_REVOKING; state++) {
        for (uint32_t kind = 0; kind < KINDS; kind++) {
            expect_every_answer((enum loan_out_state)state, false, kind);
            expect_every_answer((enum loan_out_state)state, state == LOAN_OUT_OFFERED, kind);
        }
    }
}
END_TEST

START_TEST(test_lender_every_revoke) {
    static const struct {
        enum loan_out_state before, after;
        bool sends, wanted;
    } cases[] = {
        {LOAN_OUT_FREE, LOAN_OUT_FREE, false, false},
        {LOAN_OUT_OFFERED, LOAN_OUT_OFFERED, false, true},
        {LOAN_OUT_LENT, LOAN_OUT_REVOKING, true, false},
        {LOAN_OUT_REVOKING, LOAN_OUT_REVOKING, false, false},
    };
    for (size_t i = 0; i < R4_COUNT(cases); i++) {
        struct loan_out loan = {.state = cases[i].before, .generation = 5, .failure = R4_ERR_CLUSTER_DOWN};
        ck_assert_int_eq(loan_revoke(&loan), cases[i].sends);
        ck_assert_int_eq(loan.state, cases[i].after);
        ck_assert_int_eq(loan.revoke_wanted, cases[i].wanted);
        ck_assert_int_eq(loan.failure, R4_OK); /* it is asked again */
        ck_assert_uint_eq(loan.generation, 5);
        ck_assert(!loan_revoke(&loan)); /* a second one sends nothing */
        ck_assert_int_eq(loan.state, cases[i].after);
    }
}
END_TEST

/* A lender's table. */
struct lender {
    struct loan_out lent[LOANS];
    uint64_t taken;
};

static void lender_start(struct lender *lender) {
    for (uint32_t i = 0; i < LOANS; i++) {
        lender->lent[i].post.loan = i;
    }
}

static struct loan_out *take(struct lender *lender) { return loan_take(lender->lent, &lender->taken); }

START_TEST(test_take) {
    static struct lender lender;
    lender_start(&lender);
    for (uint32_t i = 0; i < LOANS; i++) {
        struct loan_out *loan = take(&lender);
        ck_assert_ptr_eq(loan, &lender.lent[i]);
        ck_assert_uint_eq(loan->generation, 1);
        loan->state = (enum loan_out_state)(1 + i % 3);
    }
    ck_assert_ptr_null(take(&lender));
    for (uint32_t i = 0; i < LOANS; i++) {
        struct loan_out *loan = &lender.lent[(i * 5 + 63) % LOANS];
        loan->state = LOAN_OUT_FREE;
        loan_give_back(loan, &lender.taken);
        ck_assert_ptr_eq(take(&lender), loan);
        ck_assert_uint_eq(loan->generation, 2);
        loan->state = LOAN_OUT_LENT;
        ck_assert_ptr_null(take(&lender));
    }
}
END_TEST

/* A record that has had the last generation is never used again; if all records have, there is no free one. */
START_TEST(test_last_generation) {
    static struct lender lender;
    lender_start(&lender);
    for (uint32_t i = 0; i < LOANS; i++) {
        lender.lent[i].generation = LOAN_GENERATION_MAX - 2;
    }
    for (uint32_t i = 0; i < 2 * LOANS; i++) {
        struct loan_out *loan = take(&lender);
        ck_assert_ptr_eq(loan, &lender.lent[i / 2]); /* twice each */
        ck_assert_uint_eq(loan->generation, LOAN_GENERATION_MAX - 1 + i % 2);
        loan_give_back(loan, &lender.taken);
    }
    ck_assert_ptr_null(take(&lender));
}
END_TEST

/* --- the borrower --- */

START_TEST(test_borrower_every_offer) {
    for (int state = LOAN_IN_FREE; state <= LOAN_IN_SWEEPING; state++) {
        for (uint32_t owed = 0; owed < R4_MESSAGE_KIND_COUNT; owed++) {
            for (size_t i = 0; i < R4_COUNT(generations) * R4_COUNT(generations); i++) {
                uint32_t had = generations[i % R4_COUNT(generations)];
                uint32_t named = generations[i / R4_COUNT(generations)];
                struct loan_in loan = {.post = {.kind = owed}, .generation = had, .state = (enum loan_in_state)state};
                struct r4_message message = {.kind = R4_MESSAGE_OFFER, .generation = named};
                bool fits = state == LOAN_IN_FREE && owed == R4_MESSAGE_NONE && named > had;
                ck_assert_int_eq(loan_offer_fits(&loan, &message), fits);
            }
        }
    }
}
END_TEST

enum met { MET_NOTHING, MET_LENT, MET_RECEIVED };

/* An offer of two pages, as memory of the cluster's own pool and of another's. Around it is a range of `log2`, lent
 * with TTL 5 or received; inside it is another one. */
static void expect_offer(enum met around, uint32_t log2, enum met inside, uint32_t ttl) {
    const phys_t base = 4 * R4_LARGE_SIZE;
    struct loan_map map;
    loan_map_init(&map, R4_PHYS_MAX);
    struct loan_out lent[2] = {{.ttl = 5}, {.ttl = 5}};
    struct loan_in received[2] = {{.range.received = true}, {.range.received = true}};
    struct loan_range *outer = around == MET_LENT ? &lent[0].range : &received[0].range;
    struct loan_range *inner = inside == MET_LENT ? &lent[1].range : &received[1].range;
    outer->size_log2 = log2;
    outer->base = base >> log2 << log2;
    inner->size_log2 = R4_LARGE_BITS;
    inner->base = base + R4_LARGE_SIZE;
    if (inside != MET_NOTHING) {
        loan_map_add(&map, inner);
    }
    if (around != MET_NOTHING) {
        loan_map_add(&map, outer);
    }
    struct r4_message message = {.base = base, .size_log2 = R4_LARGE_BITS + 1, .ttl = ttl};
    enum r4_error expected = inside != MET_NOTHING || around == MET_RECEIVED ? R4_ERR_OVERLAP
                             : around == MET_LENT && ttl >= 5                ? R4_ERR_PROTOCOL
                                                                             : R4_OK;
    ck_assert_int_eq(loan_offer_check(&map, &message, false), expected);
    bool is_free = inside == MET_NOTHING && around == MET_NOTHING;
    ck_assert_int_eq(loan_offer_check(&map, &message, true), is_free ? R4_ERR_OVERLAP : expected);
}

START_TEST(test_borrower_offer_check) {
    for (uint32_t met = 0; met < 9; met++) {
        for (uint32_t ttl = 0; ttl < R4_TTL_MAX; ttl++) {
            for (uint32_t log2 = R4_LARGE_BITS + 1; log2 < R4_LARGE_BITS + 5; log2++) {
                expect_offer((enum met)(met % 3), log2, (enum met)(met / 3), ttl);
            }
        }
    }
}
END_TEST

START_TEST(test_borrower_every_revoke) {
    for (int state = LOAN_IN_FREE; state <= LOAN_IN_SWEEPING; state++) {
        for (uint32_t owed = 0; owed < R4_MESSAGE_KIND_COUNT; owed++) {
            for (size_t i = 0; i < R4_COUNT(generations); i++) {
                struct loan_in loan = {.post = {.kind = owed}, .generation = 7, .state = (enum loan_in_state)state};
                struct r4_message message = {.kind = R4_MESSAGE_REVOKE, .generation = generations[i]};
                bool starts = state == LOAN_IN_RECEIVED && owed == R4_MESSAGE_NONE && generations[i] == 7;
                ck_assert_int_eq(loan_sweep_starts(&loan, &message), starts);
                ck_assert_int_eq((int)loan.state, starts ? LOAN_IN_SWEEPING : state);
                ck_assert_uint_eq(loan.generation, 7);
            }
        }
    }
}
END_TEST

/* --- both sides: one record each; messages are passed by hand, as the kernel does --- */

struct pair {
    struct loan_map map;
    struct lender lender;
    struct loan_out *lent; /* the first record of its table */
    struct loan_in received;
};

static struct r4_message message(const struct pair *pair, enum r4_message_kind kind, enum r4_error error) {
    return (struct r4_message){.kind = kind, .error = error, .generation = pair->lent[0].generation};
}

static void offer(struct pair *pair) {
    if (pair->lent == NULL) {
        lender_start(&pair->lender);
        pair->lent = pair->lender.lent;
        pair->lent[0].range.size_log2 = R4_LARGE_BITS;
        loan_map_init(&pair->map, R4_PHYS_MAX);
    }
    ck_assert_ptr_eq(take(&pair->lender), &pair->lent[0]);
    pair->lent[0].state = LOAN_OUT_OFFERED;
    loan_map_add(&pair->map, &pair->lent[0].range);
}

/* The OFFER arrives; the borrower accepts it or not. */
static void arrive(struct pair *pair, bool accepted) {
    struct r4_message offered = message(pair, R4_MESSAGE_OFFER, R4_OK);
    ck_assert(loan_offer_fits(&pair->received, &offered));
    pair->received.generation = offered.generation;
    pair->received.state = accepted ? LOAN_IN_RECEIVED : LOAN_IN_FREE;
}

static enum lender_action answer(struct pair *pair, enum r4_message_kind kind, enum r4_error error) {
    struct r4_message given = message(pair, kind, error);
    enum lender_action action = loan_answer(&pair->map, &pair->lent[0], &given);
    if (action == LENDER_BACK || action == LENDER_REFUSED) {
        loan_give_back(&pair->lent[0], &pair->lender.taken);
    }
    return action;
}

/* Offered, accepted, lent. */
static void lend(struct pair *pair) {
    offer(pair);
    arrive(pair, true);
    ck_assert_int_eq(answer(pair, R4_MESSAGE_ACCEPT, R4_OK), LENDER_LENT);
}

static bool sweep(struct pair *pair) {
    struct r4_message revoke = message(pair, R4_MESSAGE_REVOKE, R4_OK);
    return loan_sweep_starts(&pair->received, &revoke);
}

START_TEST(test_lent_and_back_many_times) {
    static struct pair pair;
    for (uint32_t round = 1; round <= 100; round++) {
        lend(&pair);
        ck_assert(loan_revoke(&pair.lent[0]));
        ck_assert(sweep(&pair));
        pair.received.state = LOAN_IN_FREE;
        ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_OK), LENDER_BACK);
        ck_assert_uint_eq(pair.lent[0].generation, round);
    }
}
END_TEST

START_TEST(test_revoke_during_offer_accepted) {
    static struct pair pair;
    offer(&pair);
    ck_assert(!loan_revoke(&pair.lent[0]));
    ck_assert(!sweep(&pair)); /* forged: nothing has been received */
    arrive(&pair, true);
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_ACCEPT, R4_OK), LENDER_LENT_REVOKE);
    ck_assert(!loan_revoke(&pair.lent[0])); /* the REVOKE leaves with the ACCEPT, once */
    ck_assert(sweep(&pair));
    pair.received.state = LOAN_IN_FREE;
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_OK), LENDER_BACK);
}
END_TEST

START_TEST(test_revoke_during_offer_refused) {
    static struct pair pair;
    offer(&pair);
    ck_assert(!loan_revoke(&pair.lent[0]));
    arrive(&pair, false);
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_REFUSE, R4_ERR_NO_RECEIVE_SLOT), LENDER_REFUSED);
    ck_assert(!loan_revoke(&pair.lent[0]));
    lend(&pair); /* the revoke of the offer before is forgotten */
}
END_TEST

START_TEST(test_two_revokes_one_done) {
    static struct pair pair;
    lend(&pair);
    ck_assert(loan_revoke(&pair.lent[0]));
    ck_assert(!loan_revoke(&pair.lent[0]));
    ck_assert(sweep(&pair));
    ck_assert(!sweep(&pair)); /* and a second REVOKE would be dropped */
    pair.received.state = LOAN_IN_FREE;
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_OK), LENDER_BACK);
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_OK), LENDER_DROP);
}
END_TEST

START_TEST(test_not_swept_and_asked_again) {
    static struct pair pair;
    lend(&pair);
    ck_assert(loan_revoke(&pair.lent[0]));
    ck_assert(sweep(&pair));
    pair.received.state = LOAN_IN_RECEIVED;
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_ERR_CLUSTER_DOWN), LENDER_STILL_LENT);
    ck_assert(loan_revoke(&pair.lent[0]));
    ck_assert(sweep(&pair));
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_OK), LENDER_BACK);
}
END_TEST

/* Messages of one loan meet the record of the next one. */
START_TEST(test_stale_generation) {
    static struct pair pair;
    offer(&pair);
    struct r4_message refuse = message(&pair, R4_MESSAGE_REFUSE, R4_ERR_FULL);
    struct r4_message revoke = message(&pair, R4_MESSAGE_REVOKE, R4_OK);
    struct r4_message stale_offer = message(&pair, R4_MESSAGE_OFFER, R4_OK);
    arrive(&pair, false);
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_REFUSE, R4_ERR_FULL), LENDER_REFUSED);
    ck_assert(!loan_offer_fits(&pair.received, &stale_offer)); /* a refused offer cannot come twice */
    offer(&pair);
    ck_assert_int_eq(loan_answer(&pair.map, &pair.lent[0], &refuse), LENDER_DROP);
    arrive(&pair, true);
    ck_assert(!loan_sweep_starts(&pair.received, &revoke));
    ck_assert_int_eq(pair.received.state, LOAN_IN_RECEIVED);
    ck_assert_int_eq(pair.lent[0].state, LOAN_OUT_OFFERED);
}
END_TEST

/* With the last generation memory can be lent and revoked; then the pair of records is retired. */
START_TEST(test_last_generation_of_both) {
    static struct pair pair;
    pair.lender.lent[0].generation = LOAN_GENERATION_MAX - 1;
    pair.received.generation = LOAN_GENERATION_MAX - 1;
    lend(&pair);
    ck_assert(loan_revoke(&pair.lent[0]));
    ck_assert(sweep(&pair));
    pair.received.state = LOAN_IN_FREE;
    ck_assert_int_eq(answer(&pair, R4_MESSAGE_DONE, R4_OK), LENDER_BACK);
    ck_assert_ptr_eq(take(&pair.lender), &pair.lent[1]);
    for (size_t i = 0; i < R4_COUNT(generations); i++) {
        struct r4_message any = {.kind = R4_MESSAGE_OFFER, .generation = generations[i]};
        ck_assert(!loan_offer_fits(&pair.received, &any));
    }
}
END_TEST

SUITE_MAIN("loan", test_lender_every_answer, test_lender_every_revoke, test_take, test_last_generation,
           test_borrower_every_offer, test_borrower_offer_check, test_borrower_every_revoke,
           test_lent_and_back_many_times, test_revoke_during_offer_accepted, test_revoke_during_offer_refused,
           test_two_revokes_one_done, test_not_swept_and_asked_again, test_stale_generation,
           test_last_generation_of_both)
