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

static always_inline struct frame_leaf frame_leaf_check(const struct r4_slot *slot, struct pd *pd, uint64_t *entry,
                                                        uint64_t large) {
    const uint64_t looked_at = PAGING_ADDRESS | PAGING_PRESENT | PAGING_LARGE;
    bool same = entry != NULL && (*entry & looked_at) == (slot_pages(slot) | PAGING_PRESENT | large);
    return (struct frame_leaf){same ? entry : NULL, pd};
}

/* True if the level-1 entry maps the 4 KiB frame of this cap as plain memory: it is present, names the frame and has no
 * page kind. One comparison also for the size: word 2, shifted, has the object where an entry has its address, and the
 * size where an entry has zeros (but for NX, which is not compared: no frame is that large). */
static always_inline bool frame_is_plain_leaf(const struct r4_slot *slot, uint64_t entry) {
    const uint64_t pages = r4_slot_object_put(round_down(r4_slot_object_max(), R4_PAGE_SIZE / 64));
    const uint64_t looked_at =
        (pages | r4_slot_size_put(r4_slot_size_max() / 2)) << 6 | paging_kind_put(paging_kind_max()) | PAGING_PRESENT;
    return (((slot_object_word(slot) << 6) ^ entry) & looked_at) ==
           (r4_slot_size_put(R4_PAGE_BITS) << 6 | PAGING_PRESENT);
}

/* For the cap of a frame or a cap page. No PD has the name 0 of a cap without a mapping. */
struct frame_leaf frame_find_large_leaf(const struct r4_slot *slot); /* the same, for a large frame */
static always_inline struct frame_leaf frame_find_leaf(const struct r4_slot *slot) {
    if (unlikely(slot_size_log2(slot) != R4_PAGE_BITS)) {
        return frame_find_large_leaf(slot);
    }
    struct slot_mapping mapping = slot_mapping_get(slot);
    struct pd *pd = pd_find(mapping.name);
    if (unlikely(pd == NULL)) {
        return (struct frame_leaf){NULL, NULL};
    }
    return frame_leaf_check(slot, pd, pd_leaf(pd, mapping.address), 0);
}

/* Removes a present leaf from its table and notes the cores to flush. */
static inline void frame_leaf_clear(struct frame_leaf leaf) {
    KERNEL_CHECK(leaf.entry != NULL && (*leaf.entry & PAGING_PRESENT) != 0);
    if (unlikely(window_leaf_is(*leaf.entry, PAGING_KIND_PROXIES))) {
        walk_forget(&cluster.walk_pages, leaf.pd->window.name);
    }
    *leaf.entry = 0;
    shootdown_note(leaf.pd);
}

/* True if the cap's frame is mapped as a proxy page. */
bool frame_is_proxy_page(const struct r4_slot *slot);

#endif
