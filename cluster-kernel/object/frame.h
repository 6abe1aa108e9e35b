/* SPDX-License-Identifier: MIT
 *
 * Frames: memory that user programs map. A cap is mapped at most once; a copy has a mapping of its own.
 */
#ifndef R4_KERNEL_OBJECT_FRAME_H
#define R4_KERNEL_OBJECT_FRAME_H

#include "object/pd.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

/* Undoes the mapping of a frame cap that is about to go, if it is still there: clears the entry, notes the cores to
 * flush (shootdown.h). */
void frame_unmap(const struct r4_slot *slot);

/* Maps by this leaf, written at once with its mark; address and entry have been checked. Used at boot as well. */
static inline void frame_map(struct r4_slot *slot, const struct pd *pd, uint64_t *entry, uint64_t address,
                             uint64_t leaf) {
    KERNEL_CHECK((*entry & PAGING_PRESENT) == 0 && pd->window.name != 0);
    *entry = leaf;
    slot_mapping_set(slot, (struct slot_mapping){address, pd->window.name});
}

/* The leaf that a mapping names, and in which PD: null unless it still names this object. */
struct frame_leaf {
    uint64_t *entry;
    struct pd *pd;
};
struct frame_leaf frame_find_leaf(const struct r4_slot *slot); /* of a frame's cap or a cap page's */

/* Takes a leaf that is there out of its table, and notes the cores to flush. */
static inline void frame_leaf_clear(struct frame_leaf leaf) {
    KERNEL_CHECK(leaf.entry != NULL && (*leaf.entry & PAGING_PRESENT) != 0);
    *leaf.entry = 0;
    shootdown_note(leaf.pd);
}

/* True if the cap's frame is mapped as a proxy page. */
bool frame_is_proxy_page(const struct r4_slot *slot);

#endif
