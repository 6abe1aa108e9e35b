/* SPDX-License-Identifier: MIT
 *
 * Doorbells: an interrupt that makes another cluster look at its mailboxes and at the headers.
 */
#ifndef R4_KERNEL_DOORBELL_H
#define R4_KERNEL_DOORBELL_H

#include <r4/types.h>

/* Rings the core that the cluster's header names. Counted. */
void doorbell_ring(uint32_t number);

/* Rings every other cluster. */
void doorbell_ring_all(void);

#endif
