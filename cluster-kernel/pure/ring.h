/* SPDX-License-Identifier: MIT
 *
 * One end of a mailbox ring. <r4/mailbox.h> states who writes which line and why the order is sufficient; the fences
 * are in ring.c. One producer, one consumer; the functions of an end are called under the lock of its cluster. The
 * other side is not trusted: an impossible head means "full", an impossible sequence means "empty"; neither is an
 * address.
 */
#ifndef R4_PURE_RING_H
#define R4_PURE_RING_H

#include <r4/mailbox.h>

struct ring_end {
    struct r4_ring *ring;
    uint32_t slots;    /* a power of two, 1..64 */
    uint32_t position; /* of the next message to put or take; wraps */
};

/* Starts an end at `position`, resetting only the lines that this side writes. */
void ring_produce_from(struct ring_end *producer, uint32_t position);
void ring_consume_from(struct ring_end *consumer, uint32_t position);

/* True if a message can be put. If not, want_slot is set: the consumer will ring when it frees the next slot. */
bool ring_has_room(struct ring_end *producer);

/* Puts a message; the sequence word is filled in here. ring_has_room() has just returned true. Returns true if the
 * consumer has to be rung. */
bool ring_put(struct ring_end *producer, const struct r4_message *message);

/* True if there is a message to take. The load also acquires it: pairs with the store of the sequence in ring_put(). */
static inline bool ring_has_message(const struct ring_end *consumer) {
    const struct r4_message *slot = &consumer->ring->slots[consumer->position & (consumer->slots - 1)];
    return __atomic_load_n(&slot->sequence, __ATOMIC_SEQ_CST) == consumer->position + 1;
}

/* Copies the next message out and frees its slot. False, and nothing is written, if there is none. *wanted is true if
 * the producer waits for a slot and has to be rung: this is the first one that is free since the ring was full. */
bool ring_take(struct ring_end *consumer, struct r4_message *message, bool *wanted);

/* The consumer announces that it polls the ring from now on, so that no doorbell is needed. */
void ring_look(struct ring_end *consumer);

/* The consumer announces that it stops polling. Returns true if a message has arrived meanwhile: then the consumer has
 * to take it. */
bool ring_rest(struct ring_end *consumer);

#endif
