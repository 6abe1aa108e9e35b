/* SPDX-License-Identifier: MIT
 *
 * Doorbells: an interrupt that makes another cluster look at what this one has for it, in the mailboxes or in the
 * header. Who rang is said by a message in the ring to that cluster, or by a word of that ring. The caller holds the
 * cluster lock, or is in a panic.
 */
#ifndef R4_KERNEL_DOORBELL_H
#define R4_KERNEL_DOORBELL_H

#include <r4/types.h>

#define DOORBELLS_AT_A_TIME 8U /* one step of the kernel */

/* Rings another cluster: the core that its header names, which may be an old choice, since every core serves doorbells.
 * If the header names no core of that cluster, its first one is rung. */
void doorbell_send(uint32_t number);

/* The same, counted and traced: for what the protocol sends. */
void doorbell_ring(uint32_t number);

/* The same for a message that has just been put into the ring to that cluster: the message itself says who rang. */
void doorbell_ring_for_message(uint32_t number);

/* doorbell_ring() for every other cluster: for DOORBELLS_AT_A_TIME at once, for the others in the next polls. */
void doorbell_ring_all(void);

/* Goes on with that: poll_all() calls it as long as cluster.to_ring is not 0. */
void doorbell_ring_rest(void);

/* Which clusters have rung since the last call, or have a message, a bit for each: looks at two words of each whose
 * doorbell has come (cluster.rung). */
uint64_t doorbell_answer(void);

#endif
