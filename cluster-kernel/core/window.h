/* SPDX-License-Identifier: MIT
 *
 * From a window index to a slot: two table entries and the slot, by physical address, at most three dependent loads, no
 * page fault. `directories` are the physical addresses of the two level-2 tables that cover the window's 2 GiB, 0 where
 * there is none; the PD keeps them at hand. A page counts only if its leaf is marked as a cap page.
 */
#ifndef R4_CORE_WINDOW_H
#define R4_CORE_WINDOW_H

#include "paging.h"
#include "slot.h"

#define WINDOW_DIRECTORIES 2U
#define WINDOW_PAGES       (1U << 19)

static inline uint64_t window_page_address(uint64_t page) { return R4_WINDOW_BASE + page * R4_PAGE_SIZE; }

/* The slot with that index (26 bits), or null. Slot 0 of a page is its header, which is no slot for this purpose. */
static inline struct r4_slot *window_slot(uintptr_t direct, const phys_t *directories, uint64_t index) {
    phys_t directory = directories[index >> 25 & 1];
    if (directory == 0 || index % R4_SLOTS_PER_PAGE == 0) {
        return NULL;
    }
    uint64_t table = ((const uint64_t *)(direct + directory))[index >> 16 & (PAGING_ENTRIES - 1)];
    if ((table & (PAGING_PRESENT | PAGING_LARGE)) != PAGING_PRESENT) {
        return NULL;
    }
    uint64_t leaf = ((const uint64_t *)(direct + (table & PAGING_ADDRESS)))[index >> 7 & (PAGING_ENTRIES - 1)];
    if ((leaf & PAGING_PRESENT) == 0 || paging_mark_get(leaf) != PAGING_MARK_CAPS) {
        return NULL;
    }
    return (struct r4_slot *)(direct + (leaf & PAGING_ADDRESS)) + index % R4_SLOTS_PER_PAGE;
}

#endif
