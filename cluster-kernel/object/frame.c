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

struct frame_leaf frame_find_large_leaf(const struct r4_slot *slot) {
    struct slot_mapping mapping = slot_mapping_get(slot);
    struct pd *pd = pd_find(mapping.name);
    if (pd == NULL) {
        return (struct frame_leaf){NULL, NULL};
    }
    return frame_leaf_check(slot, pd, paging_entry(machine_direct(), pd->root, mapping.address, 2), PAGING_LARGE);
}

/* A large frame, a proxy page, or a frame in a region that is not remembered. */
static noinline void unmap_any(const struct r4_slot *slot) {
    struct frame_leaf leaf = frame_find_leaf(slot);
    if (leaf.entry != NULL) {
        frame_leaf_clear(leaf);
    }
}

void frame_unmap(const struct r4_slot *slot) {
    struct slot_mapping mapping = slot_mapping_get(slot);
    struct pd *pd = pd_find(mapping.name);
    if (unlikely(pd == NULL)) {
        return;
    }
    if (likely(pd_remembers(pd, mapping.address))) {
        uint64_t *entry = pd_remembered_leaf(pd, mapping.address);
        if (likely(frame_is_plain_leaf(slot, *entry))) {
            *entry = 0;
            shootdown_note(pd);
            return;
        }
    }
    unmap_any(slot);
}

bool frame_is_proxy_page(const struct r4_slot *slot) {
    struct frame_leaf leaf = frame_find_leaf(slot);
    return leaf.entry != NULL && paging_kind_get(*leaf.entry) != PAGING_KIND_NONE;
}
