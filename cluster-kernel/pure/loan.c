/* SPDX-License-Identifier: MIT
 *
 * The state machines of both sides of a loan; loan.h shows them.
 */
#include "loan.h"
#include <r4/contract.h>

_Static_assert(LOANS == 64, "a word has a bit for each record");

struct loan_out *loan_take(struct loan_out *table, uint64_t *taken) {
    if (*taken == UINT64_MAX) {
        return NULL;
    }
    uint32_t index = (uint32_t)__builtin_ctzll(~*taken);
    struct loan_out *loan = &table[index];
    KERNEL_CHECK(loan->state == LOAN_OUT_FREE && loan->generation != LOAN_GENERATION_MAX);
    *taken |= 1ULL << index;
    loan->generation++;
    return loan;
}

void loan_give_back(const struct loan_out *loan, uint64_t *taken) {
    KERNEL_CHECK(loan->state == LOAN_OUT_FREE && (*taken >> loan->post.loan & 1) != 0);
    if (loan->generation != LOAN_GENERATION_MAX) {
        *taken &= ~(1ULL << loan->post.loan);
    }
}

bool loan_revoke(struct loan_out *loan) {
    loan->failure = R4_OK;
    if (loan->state == LOAN_OUT_OFFERED) {
        loan->revoke_priority = loan->revoke_wanted ? loan->revoke_priority : 0;
        loan->revoke_wanted = true;
        return false;
    }
    if (loan->state != LOAN_OUT_LENT) {
        return false;
    }
    loan->state = LOAN_OUT_REVOKING;
    return true;
}

void loan_raise(struct loan_out *loan, uint32_t priority) {
    if (loan->revoke_wanted && loan->revoke_priority < priority) {
        loan->revoke_priority = priority;
    }
}

static enum lender_action loan_accepted(struct loan_out *loan) {
    bool revoke = loan->revoke_wanted;
    loan->revoke_wanted = false;
    loan->state = revoke ? LOAN_OUT_REVOKING : LOAN_OUT_LENT;
    return revoke ? LENDER_LENT_REVOKE : LENDER_LENT;
}

enum lender_action loan_answer(struct loan_map *map, struct loan_out *loan, const struct r4_message *message) {
    KERNEL_CHECK(message->loan == loan->post.loan);
    if (message->generation != loan->generation || loan->post.kind != R4_MESSAGE_NONE) {
        return LENDER_DROP;
    }
    if (message->kind == R4_MESSAGE_ACCEPT && loan->state == LOAN_OUT_OFFERED) {
        return loan_accepted(loan);
    }
    bool refused = message->kind == R4_MESSAGE_REFUSE && loan->state == LOAN_OUT_OFFERED;
    bool done = message->kind == R4_MESSAGE_DONE && loan->state == LOAN_OUT_REVOKING;
    if (done && message->error != R4_OK) {
        loan->state = LOAN_OUT_LENT;
        return LENDER_STILL_LENT;
    }
    if ((!refused && !done) || !loan_map_remove(map, &loan->range)) {
        return LENDER_DROP;
    }
    loan->revoke_wanted = false;
    loan->state = LOAN_OUT_FREE;
    return refused ? LENDER_REFUSED : LENDER_BACK;
}

bool loan_offer_fits(const struct loan_in *loan, const struct r4_message *message) {
    KERNEL_CHECK(message->loan == loan->post.loan);
    return loan->state == LOAN_IN_FREE && loan->post.kind == R4_MESSAGE_NONE && message->generation > loan->generation;
}

enum r4_error loan_offer_check(const struct loan_map *map, const struct r4_message *message, bool is_own) {
    struct loan_place place = loan_map_find(map, message->base, message->size_log2);
    bool is_lent = place.around != NULL && !place.around->received;
    if (place.has_inside || (place.around != NULL ? !is_lent : is_own)) {
        return R4_ERR_OVERLAP;
    }
    return is_lent && message->ttl >= loan_lent(place.around)->ttl ? R4_ERR_PROTOCOL : R4_OK;
}

bool loan_sweep_starts(struct loan_in *loan, const struct r4_message *message) {
    KERNEL_CHECK(message->loan == loan->post.loan);
    if (loan->state != LOAN_IN_RECEIVED || loan->post.kind != R4_MESSAGE_NONE ||
        message->generation != loan->generation) {
        return false;
    }
    loan->state = LOAN_IN_SWEEPING;
    return true;
}
