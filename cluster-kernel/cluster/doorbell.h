/* SPDX-License-Identifier: MIT
 *
 * Doorbells: an interrupt that makes another cluster check its mailboxes and the headers. The caller holds the cluster
 * lock, or is in a panic.
 */
#ifndef R4_KERNEL_DOORBELL_H
#define R4_KERNEL_DOORBELL_H

#include <r4/types.h>

/* Rings the core that the cluster's header names, which may be an old choice: every core serves doorbells. Counted. */
void doorbell_ring(uint32_t number);

/* Rings every other cluster. */
void doorbell_ring_all(void);

#endif
