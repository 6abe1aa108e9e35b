/* SPDX-License-Identifier: MIT
 *
 * A hostile peer: pure/ring.c, pure/loan.c and pure/loan_map.c, with small versions of the kernel's queues
 * (peer/mailbox.c), of its dispatch of messages (serve/receive.c) and of what it does with loans. Input: a script.
 * The peer writes whatever its mappings allow, at any time: the producer's lines of the ring to us, the consumer's line
 * of the ring from us. Our side polls, lends, revokes and ends sweeps. Promises: nothing is read or written outside of
 * the rings; the peer never changes our lines; no record is queued twice; an answer counts only after its question has
 * been sent; lent memory comes back only by the peer's word; no page is received that is here already, and none comes
 * back twice.
 */
#include "fuzz.h"
#include "pure/loan.h"
#include "pure/ring.h"

struct queue {
    struct post *first;
};

#define BLOCKS   16U /* pages of RAM, 2 MiB each: the first half is ours, the other half the peer's */
#define LOG2_MAX 23U /* of what is offered, so that it is of one half */

struct record { /* what was sent about a loan */
    bool offer_sent;
    bool revoke_sent;
};

static struct loan_out lent[LOANS];
static struct loan_in received[LOANS];
static uint64_t taken;
static struct loan_map loans;
static uint32_t present;             /* bit per page that is in our direct map */
static uint32_t received_ttl[LOANS]; /* of the root that was received */
static struct record sent[LOANS];
static struct queue requests;
static struct queue answers;
static struct r4_ring *in;  /* peer to us */
static struct r4_ring *out; /* us to peer */
static struct ring_end in_end;
static struct ring_end out_end;
static uint32_t peer_position; /* of the next message, if the peer obeys the rules */

static struct r4_ring *ring_new(uint32_t slots) {
    return calloc(1, sizeof(struct r4_ring) +
                         slots * sizeof(struct r4_message)); /* of the exact size: the red zone follows */
}

static void peer_start(uint32_t slots) {
    memset(lent, 0, sizeof(lent));
    memset(received, 0, sizeof(received));
    memset(sent, 0, sizeof(sent));
    taken = 0;
    loan_map_init(&loans, BLOCKS * R4_LARGE_SIZE);
    present = (1U << BLOCKS / 2) - 1;
    requests.first = NULL;
    answers.first = NULL;
    in = ring_new(slots);
    out = ring_new(slots);
    in_end = (struct ring_end){in, slots, 0};
    out_end = (struct ring_end){out, slots, 0};
    ring_consume_from(&in_end, 0);
    ring_produce_from(&out_end, 0);
    peer_position = 0;
    for (uint32_t i = 0; i < LOANS; i++) {
        lent[i].post.loan = i;
        received[i].post.loan = i;
    }
}

static void queue_put(struct queue *queue, struct post *post, enum r4_message_kind kind, enum r4_error error) {
    struct post **end = &queue->first;
    for (unsigned length = 0; *end != NULL; length++) {
        FUZZ_CHECK(*end != post && length < LOANS); /* never twice, never a cycle */
        end = &(*end)->next;
    }
    FUZZ_CHECK(post->kind == R4_MESSAGE_NONE);
    post->kind = kind;
    post->error = error;
    post->next = NULL;
    *end = post;
}

static struct post *queue_take(struct queue *queue) {
    struct post *post = queue->first;
    queue->first = post->next;
    return post;
}

static void flush(void) {
    while ((answers.first != NULL || requests.first != NULL) && ring_has_room(&out_end)) {
        bool answer = answers.first != NULL;
        struct post *post = queue_take(answer ? &answers : &requests);
        struct r4_message message = {.kind = post->kind, .error = post->error, .loan = post->loan};
        message.generation = answer ? received[post->loan].generation : lent[post->loan].generation;
        if (!answer) {
            FUZZ_CHECK(post->kind == R4_MESSAGE_OFFER || post->kind == R4_MESSAGE_REVOKE);
            sent[post->loan].offer_sent |= post->kind == R4_MESSAGE_OFFER;
            sent[post->loan].revoke_sent |= post->kind == R4_MESSAGE_REVOKE;
        }
        post->kind = R4_MESSAGE_NONE;
        ring_put(&out_end, &message);
    }
}

/* as machine_direct_map(): all pages are absent before, or present */
static void range_show(const struct loan_range *range, bool show) {
    uint32_t pages = ((1U << (1U << (range->size_log2 - R4_LARGE_BITS))) - 1) << (range->base / R4_LARGE_SIZE);
    FUZZ_CHECK((present & pages) == (show ? 0 : pages));
    present ^= pages;
}

/* as lend_answer() */
static void answer_receive(const struct r4_message *message) {
    struct loan_out *loan = &lent[message->loan];
    struct record *record = &sent[message->loan];
    struct loan_out before = *loan;
    enum lender_action action = loan_answer(&loans, loan, message);
    if (action == LENDER_DROP) {
        FUZZ_CHECK(memcmp(&before, loan, sizeof(before)) == 0); /* and it is in the map as before */
        return;
    }
    FUZZ_CHECK(message->generation == before.generation && loan->generation == before.generation);
    switch (action) {
    case LENDER_LENT:
        FUZZ_CHECK(record->offer_sent && before.state == LOAN_OUT_OFFERED && loan->state == LOAN_OUT_LENT);
        break;
    case LENDER_LENT_REVOKE:
        FUZZ_CHECK(record->offer_sent && before.revoke_wanted && loan->state == LOAN_OUT_REVOKING);
        queue_put(&requests, &loan->post, R4_MESSAGE_REVOKE, R4_OK);
        break;
    case LENDER_REFUSED:
        FUZZ_CHECK(record->offer_sent && before.state == LOAN_OUT_OFFERED && loan->state == LOAN_OUT_FREE);
        break;
    case LENDER_BACK:
        FUZZ_CHECK(record->revoke_sent && message->error == R4_OK && loan->state == LOAN_OUT_FREE);
        break;
    case LENDER_STILL_LENT:
        FUZZ_CHECK(record->revoke_sent && message->error != R4_OK && loan->state == LOAN_OUT_LENT);
        record->revoke_sent = false;
        break;
    default:
        FUZZ_CHECK(false);
    }
    if (loan->state == LOAN_OUT_FREE) {
        FUZZ_CHECK(!loan->revoke_wanted);
        loan_give_back(loan, &taken);
        range_show(&loan->range, true);
    }
}

/* as offer_check() */
static enum r4_error offer_check(const struct r4_message *message) {
    uint64_t size = message->size_log2 <= LOG2_MAX ? 1ULL << message->size_log2 : 0;
    if (size < R4_LARGE_SIZE || message->ttl >= R4_TTL_MAX || !is_aligned(message->base, size) ||
        message->base >= BLOCKS * R4_LARGE_SIZE) {
        return R4_ERR_PROTOCOL;
    }
    return loan_offer_check(&loans, message, message->base < BLOCKS / 2 * R4_LARGE_SIZE);
}

static void offer_receive(struct loan_in *loan, const struct r4_message *message) {
    enum r4_error error = offer_check(message);
    loan->generation = message->generation;
    if (error == R4_OK) {
        loan->range = (struct loan_range){.base = message->base, .size_log2 = message->size_log2, .received = true};
        loan->state = LOAN_IN_RECEIVED;
        received_ttl[message->loan] = message->ttl;
        loan_map_add(&loans, &loan->range);
        range_show(&loan->range, true);
    }
    queue_put(&answers, &loan->post, error == R4_OK ? R4_MESSAGE_ACCEPT : R4_MESSAGE_REFUSE, error);
}

/* as borrow_offer() and borrow_sweep() */
static void request_receive(const struct r4_message *message) {
    struct loan_in *loan = &received[message->loan];
    if (message->kind == R4_MESSAGE_OFFER && loan_offer_fits(loan, message)) {
        FUZZ_CHECK(loan->state == LOAN_IN_FREE && message->generation > loan->generation);
        offer_receive(loan, message);
    } else if (message->kind == R4_MESSAGE_REVOKE && loan_sweep_starts(loan, message)) {
        FUZZ_CHECK(loan->state == LOAN_IN_SWEEPING && message->generation == loan->generation);
    }
}

/* as receive_poll(): the number of messages is limited, so that a peer that goes on writing cannot keep us busy */
static void poll(void) {
    struct r4_message message;
    bool wanted;
    ring_look(&in_end);
    for (uint32_t count = 0; count < 2 * in_end.slots && ring_take(&in_end, &message, &wanted); count++) {
        FUZZ_CHECK(count < in_end.slots); /* nobody writes meanwhile: one lap at most */
        if (message.loan >= LOANS) {
            continue;
        }
        if (message.kind == R4_MESSAGE_OFFER || message.kind == R4_MESSAGE_REVOKE) {
            request_receive(&message);
        } else {
            answer_receive(&message);
        }
    }
    flush();
    ring_rest(&in_end);
}

/* A range, by a byte of the script. */
static struct loan_range range_at(uint32_t place) {
    uint32_t log2 = R4_LARGE_BITS + (place >> 4) % (LOG2_MAX - R4_LARGE_BITS + 1);
    return (struct loan_range){.base = round_down(place % BLOCKS * R4_LARGE_SIZE, 1ULL << log2), .size_log2 = log2};
}

/* --- the peer --- */

static void peer_send(struct fuzz_script *script) {
    struct r4_message *slot = &in->slots[peer_position & (in_end.slots - 1)];
    slot->kind = (uint32_t)fuzz_next(script, 1) % 8;
    slot->loan = (uint32_t)fuzz_next(script, 1);
    slot->ttl = (uint32_t)fuzz_next(script, 1) % (R4_TTL_MAX + 1);
    slot->error = slot->ttl % 4;
    struct loan_range range = range_at((uint32_t)fuzz_next(script, 1));
    slot->base = range.base;
    slot->size_log2 = range.size_log2;
    uint32_t generation = (uint32_t)fuzz_next(script, 1); /* near the true one, or any */
    bool offer = slot->kind == R4_MESSAGE_OFFER || slot->kind == R4_MESSAGE_REVOKE;
    uint32_t known = offer ? received[slot->loan % LOANS].generation : lent[slot->loan % LOANS].generation;
    slot->generation = generation < 0x80 ? known + generation % 3 : (uint32_t)fuzz_next(script, 4);
    slot->sequence = ++peer_position;
}

/* Writes anything into the producer's line or into the slots of the ring to us. The consumer's line between is ours. */
static void peer_scribble(struct fuzz_script *script) {
    uint32_t slot_words = in_end.slots * (sizeof(struct r4_message) / 4);
    uint32_t word = (uint32_t)fuzz_next(script, 2) % (slot_words + 16);
    uint32_t value = (uint32_t)fuzz_next(script, 4);
    if (word < 16) {
        ((uint32_t *)in)[word] = value;
    } else {
        ((uint32_t *)in->slots)[word - 16] = value;
    }
}

static void peer_step(struct fuzz_script *script, unsigned kind) {
    switch (kind) {
    case 0:
        peer_send(script);
        break;
    case 1:
        peer_scribble(script);
        break;
    case 2: /* says how far it has read: something possible */
        out->head = out_end.position - (uint32_t)fuzz_next(script, 1) % (out_end.slots + 1);
        break;
    case 3:
        out->head = (uint32_t)fuzz_next(script, 4);
        out->looking = (uint32_t)fuzz_next(script, 1);
        break;
    default: /* continues at our own position */
        peer_position = in_end.position + (uint32_t)fuzz_next(script, 1) % 2;
        break;
    }
}

/* --- our side --- */

/* as sys_peer_handoff(): memory that we have, ours or received, of which no part was received by itself */
static void lend(struct loan_range range) {
    struct loan_place place = loan_map_find(&loans, range.base, range.size_log2);
    bool is_own = range.base < BLOCKS / 2 * R4_LARGE_SIZE;
    bool is_here = place.around == NULL ? is_own : place.around->received;
    uint32_t ttl = R4_TTL_MAX;
    if (is_here && place.around != NULL) {
        ttl = received_ttl[loan_received(place.around) - received];
    }
    struct loan_out *loan = is_here && !place.has_inside && ttl > 0 ? loan_take(lent, &taken) : NULL;
    if (loan == NULL) {
        return;
    }
    FUZZ_CHECK(loan->state == LOAN_OUT_FREE && loan->generation != 0 && !loan->revoke_wanted);
    loan->state = LOAN_OUT_OFFERED;
    loan->ttl = ttl - 1;
    loan->range = range;
    loan_map_add(&loans, &loan->range);
    range_show(&loan->range, false);
    sent[loan - lent] = (struct record){0};
    queue_put(&requests, &loan->post, R4_MESSAGE_OFFER, R4_OK);
}

/* as borrow_swept(): what was lent on has come back, or the sweep has failed */
static void sweep_end(struct loan_in *loan, bool swept) {
    swept = swept && loan_map_remove(&loans, &loan->range);
    loan->state = swept ? LOAN_IN_FREE : LOAN_IN_RECEIVED;
    if (swept) {
        range_show(&loan->range, false);
    }
    queue_put(&answers, &loan->post, R4_MESSAGE_DONE, swept ? R4_OK : R4_ERR_CLUSTER_DOWN);
}

static void own_step(struct fuzz_script *script, unsigned kind) {
    uint32_t place = (uint32_t)fuzz_next(script, 1);
    uint32_t index = place % LOANS;
    struct loan_out *loan = &lent[index];
    struct loan_in *in_loan = &received[index];
    if (kind == 5) {
        poll();
    } else if (kind == 6) {
        lend(range_at(place));
    } else if (kind == 7 && loan->state != LOAN_OUT_FREE && loan_revoke(loan)) {
        FUZZ_CHECK(loan->state == LOAN_OUT_REVOKING && !sent[index].revoke_sent);
        queue_put(&requests, &loan->post, R4_MESSAGE_REVOKE, R4_OK);
    } else if (kind == 8 && in_loan->state == LOAN_IN_SWEEPING) {
        sweep_end(in_loan, fuzz_next(script, 1) % 2 == 0);
    }
    flush();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_script script = {data, data + size};
    peer_start(1U << fuzz_next(&script, 1) % 7);
    while (script.at < script.end) {
        unsigned kind = (unsigned)fuzz_next(&script, 1) % 9;
        if (kind < 5) {
            peer_step(&script, kind);
        } else {
            own_step(&script, kind);
        }
        FUZZ_CHECK(in->head == in_end.position); /* our own word, whatever the peer did */
    }
    poll();
    free(in);
    free(out);
    return 0;
}
