/* SPDX-License-Identifier: MIT
 *
 * Loans: memory handed from one cluster to another. Tables are per ordered pair and of equal size on both sides; the
 * lender picks the index, so the borrower always has the record. A record has at most one request and one answer
 * outstanding.
 *
 *   lender's record     FREE --offer--> OFFERED --ACCEPT--> LENT --revoke--> REVOKING --DONE--> FREE
 *                         ^----REFUSE-----'                   ^--DONE with an error--'
 *   borrower's record   FREE --OFFER, ACCEPT--> RECEIVED --REVOKE--> SWEEPING --swept, DONE--> FREE
 *                         (refused: stays FREE)    ^--could not be swept, DONE with the error--'
 *
 * Messages that cross: a revoke during OFFER waits in the lender's record (revoke_wanted) and is sent after the ACCEPT;
 * after a REFUSE there is nothing to revoke. A second revoke of a loan that is REVOKING sends nothing: one DONE ends
 * both. A REVOKE for a generation that has not been received is dropped: the lender never sends one, and rings keep the
 * order, so the message is stale or forged.
 *
 * Memory that is lent can be handed back, by the borrower or by whoever has it from him, in whole or in part: it is
 * received as a loan inside its own loan. The inner one ends first: as long as it is there, an answer that gives the
 * outer one back is dropped. All functions need the cluster lock.
 */
#ifndef R4_PURE_LOAN_H
#define R4_PURE_LOAN_H

#include "loan_map.h"
#include "operation.h"
#include <r4/message.h>

#define LOANS               64U         /* records per ordered pair, on both sides: one bit each of a word */
#define LOAN_GENERATION_MAX 0xffffffffU /* a record that has had this generation is never used again */

/* A message that waits in a peer's queue until a slot of the ring is free. */
struct post {
    struct post *next;
    uint32_t kind;  /* enum r4_message_kind; NONE = not queued */
    uint32_t error; /* of the message */
    uint32_t priority;
    uint32_t loan; /* index of the record that contains this post; set once */
};

enum loan_out_state { LOAN_OUT_FREE, LOAN_OUT_OFFERED, LOAN_OUT_LENT, LOAN_OUT_REVOKING };

struct loan_out {
    struct r4_slot slot;     /* holds the RemoteRef after the cap page that held it has died */
    struct post post;        /* OFFER or REVOKE */
    struct r4_slot *ref;     /* the RemoteRef; null while FREE */
    struct operation *waits; /* the first of those that wait for an answer: a hand-off, revokes */
    struct loan_range range; /* in the cluster's map of loans unless FREE */
    uint32_t ttl;            /* of the borrower's cap */
    uint32_t generation;
    enum loan_out_state state;
    enum r4_error failure; /* of the last revoke, if the borrower could not sweep; R4_OK once it is asked again */
    bool revoke_wanted;    /* while OFFERED: send REVOKE on ACCEPT, at revoke_priority, the highest of the callers' */
    uint32_t revoke_priority;
};

enum loan_in_state { LOAN_IN_FREE, LOAN_IN_RECEIVED, LOAN_IN_SWEEPING };

struct loan_in {
    struct r4_slot slot;     /* holds the root cap after the cap page that held it has died */
    struct post post;        /* ACCEPT, REFUSE or DONE */
    struct r4_slot *root;    /* the received untyped's slot; null while FREE */
    struct loan_range range; /* in the cluster's map of loans unless FREE */
    uint32_t generation;
    enum loan_in_state state;
    struct operation sweep;
};

/* The record that a sweep is in. */
static inline struct loan_in *loan_of_sweep(const struct operation *sweep) {
    KERNEL_CHECK(sweep->kind == OPERATION_SWEEP);
    return (struct loan_in *)((uintptr_t)sweep - offsetof(struct loan_in, sweep));
}

/* What the lender has to do after an answer. */
enum lender_action {
    LENDER_DROP,        /* nothing: the message does not fit the record */
    LENDER_LENT,        /* the offer was accepted */
    LENDER_LENT_REVOKE, /* accepted, and a revoke was waiting: send REVOKE; the record is REVOKING */
    LENDER_REFUSED,     /* the memory is the lender's as before; the record is FREE, and has left the map */
    LENDER_BACK,        /* revoked: the memory is the lender's again; the record is FREE, and has left the map */
    LENDER_STILL_LENT   /* the borrower could not sweep; the record is LENT */
};

/* The record that contains this entry of the map, which is `received` or not. */
static inline struct loan_out *loan_lent(struct loan_range *range) {
    KERNEL_CHECK(!range->received);
    return (struct loan_out *)((char *)range - offsetof(struct loan_out, range));
}
static inline struct loan_in *loan_received(struct loan_range *range) {
    KERNEL_CHECK(range->received);
    return (struct loan_in *)((char *)range - offsetof(struct loan_in, range));
}

/* Takes a free record of a table, or null; its generation has been advanced. *taken has a bit for each record that is
 * taken or retired. */
struct loan_out *loan_take(struct loan_out *table, uint64_t *taken);

/* The record is FREE again; after its last generation it is retired. */
void loan_give_back(const struct loan_out *loan, uint64_t *taken);

/* The lender asks for the loan back. True if a REVOKE has to be sent now; false if it waits for the ACCEPT, or has
 * already been sent. */
bool loan_revoke(struct loan_out *loan);

/* Somebody of that priority waits for the loan: a REVOKE that waits for the ACCEPT becomes as urgent. */
void loan_raise(struct loan_out *loan, uint32_t priority);

/* An answer (ACCEPT, REFUSE, DONE) for a record of the lender; changes the record's state. LENDER_DROP if the request
 * has not been sent yet, the message does not fit the state, or it would give memory back of which a part has been
 * received and is not swept. The message's index names this record. */
enum lender_action loan_answer(struct loan_map *map, struct loan_out *loan, const struct r4_message *message);

/* Whether the borrower may receive the range of an OFFER, which is valid and in one pool; `is_own`: in this cluster's.
 * R4_ERR_OVERLAP: it meets the cluster's own memory or a loan. It may be part of what this cluster has lent, if nothing
 * of that range has been received; R4_ERR_PROTOCOL: with a TTL that has not fallen on the way. */
enum r4_error loan_offer_check(const struct loan_map *map, const struct r4_message *message, bool is_own);

/* True if the OFFER may use this record of the borrower: the record is FREE and owes no answer, and the generation is
 * new. The message's index names this record. */
bool loan_offer_fits(const struct loan_in *loan, const struct r4_message *message);

/* True if the REVOKE names the loan that is RECEIVED in this record: the record becomes SWEEPING. The message's index
 * names this record. */
bool loan_sweep_starts(struct loan_in *loan, const struct r4_message *message);

#endif
