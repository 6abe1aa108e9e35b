/* SPDX-License-Identifier: MIT
 *
 * Mapping and unmapping of frames. The mapping in a cap is a name (address space, address): each use looks it up.
 *
 * A proxy page is a frame mapped into a window with kind PAGING_KIND_PROXIES in its leaf: the kernel takes what the
 * program writes there for proxies. As long as it is mapped so, the frame has only this mapping and only this
 * capability, so nobody else can write there: it becomes a proxy page only if its cap is the original one and has no
 * copies, and sys_cap_copy() makes no copy of a proxy page. Unmapping clears the kind with the leaf.
 */
#include "object/frame.h"
#include "pure/compiler.h"
#include "sched/shootdown.h"

/* For the cap of an object whose leaf is in a table of `level`. */
static always_inline struct frame_leaf find(const struct r4_slot *slot, uint32_t level) {
    const uint64_t looked_at = PAGING_ADDRESS | PAGING_PRESENT | PAGING_LARGE;
    struct slot_mapping mapping = slot_mapping_get(slot);
    struct pd *pd = mapping.name == 0 ? NULL : pd_find(mapping.name);
    if (pd == NULL) {
        return (struct frame_leaf){NULL, NULL};
    }
    uint64_t *entry = paging_entry(machine_direct(), pd->root, mapping.address, level);
    uint64_t own = slot_pages(slot) | PAGING_PRESENT | (level == 2 ? PAGING_LARGE : 0);
    return (struct frame_leaf){entry != NULL && (*entry & looked_at) == own ? entry : NULL, pd};
}

struct frame_leaf frame_find_leaf(const struct r4_slot *slot) {
    return slot_size_log2(slot) == R4_PAGE_BITS ? find(slot, 1) : find(slot, 2);
}

void frame_unmap(const struct r4_slot *slot) {
    struct frame_leaf leaf = frame_find_leaf(slot);
    if (leaf.entry != NULL) {
        frame_leaf_clear(leaf);
    }
}

bool frame_is_proxy_page(const struct r4_slot *slot) {
    struct frame_leaf leaf = frame_find_leaf(slot);
    return leaf.entry != NULL && paging_kind_get(*leaf.entry) != PAGING_KIND_NONE;
}
