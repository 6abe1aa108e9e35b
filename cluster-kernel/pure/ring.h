/* SPDX-License-Identifier: MIT
 *
 * One end of a mailbox ring (see <r4/mailbox.h> for who writes which line and why the order is enough). One producer,
 * one consumer; each end's functions are called under that cluster's lock. The other side is not trusted: a head or
 * sequence that makes no sense reads as "full" or "empty", never as an address.
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

/* True if a message can be put. If not, want_slot is set: the consumer will ring when it frees one. */
bool ring_has_room(struct ring_end *producer);

/* Puts a message (its sequence word is filled in); ring_has_room() just said true. Returns true if the consumer has to
 * be rung. */
bool ring_put(struct ring_end *producer, const struct r4_message *message);

/* Copies the next message out and frees its slot. False if there is none. *wanted becomes true if the producer waits
 * for a slot and has to be rung. */
bool ring_take(struct ring_end *consumer, struct r4_message *message, bool *wanted);

/* The consumer says that it looks at the ring from now on, so that no doorbell is needed. */
void ring_look(struct ring_end *consumer);

/* The consumer says that it does not look any more. Returns true if a message came in meanwhile: then it has to look
 * again. */
bool ring_rest(struct ring_end *consumer);

#endif
