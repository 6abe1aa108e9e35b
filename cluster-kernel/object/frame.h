/* SPDX-License-Identifier: MIT
 *
 * Frames: memory that user programs map. A cap has at most one mapping; a copy of the cap has its own. The caller holds
 * the cluster lock.
 */
#ifndef R4_KERNEL_OBJECT_FRAME_H
#define R4_KERNEL_OBJECT_FRAME_H

#include "object/pd.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

/* Removes the mapping of a frame cap that is about to be removed, if the mapping still exists: clears the entry, notes
 * the cores to flush (shootdown.h). */
void frame_unmap(const struct r4_slot *slot);

/* Maps the frame by this leaf, page kind included, with one store. The caller has checked the address and that the
 * entry is free. Also used at boot. */
static inline void frame_map(struct r4_slot *slot, const struct pd *pd, uint64_t *entry, uint64_t address,
                             uint64_t leaf) {
    KERNEL_CHECK((*entry & PAGING_PRESENT) == 0 && pd->window.name != 0);
    *entry = leaf;
    slot_mapping_set(slot, (struct slot_mapping){address, pd->window.name});
}

/* The leaf that a mapping names, and its PD: `entry` is null unless the leaf still names this object. */
struct frame_leaf {
    uint64_t *entry;
    struct pd *pd;
};
struct frame_leaf frame_find_leaf(const struct r4_slot *slot); /* cap of a frame or a cap page */

/* Removes a present leaf from its table and notes the cores to flush. */
static inline void frame_leaf_clear(struct frame_leaf leaf) {
    KERNEL_CHECK(leaf.entry != NULL && (*leaf.entry & PAGING_PRESENT) != 0);
    *leaf.entry = 0;
    shootdown_note(leaf.pd);
}

/* True if the cap's frame is mapped as a proxy page. */
bool frame_is_proxy_page(const struct r4_slot *slot);

#endif
