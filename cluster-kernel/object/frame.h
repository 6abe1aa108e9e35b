/* SPDX-License-Identifier: MIT
 *
 * Frames: memory that user programs map. A cap is mapped at most once; a copy has a mapping of its own.
 */
#ifndef R4_KERNEL_OBJECT_FRAME_H
#define R4_KERNEL_OBJECT_FRAME_H

#include "../pd.h"

/* Takes a frame cap's mapping away, if it has one that is still there: clears the entry, notes the cores to flush
 * (shootdown.h). */
void frame_unmap(struct r4_slot *slot);

/* Maps; address and entry have been checked. Used at boot as well. */
void frame_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address, uint64_t rights);

/* The leaf that a frame cap's mapping names, if it still names this frame; else null. *pd is set with it. Serves cap
 * pages too. */
uint64_t *frame_find_leaf(const struct r4_slot *slot, struct pd **pd);

#endif
