/* SPDX-License-Identifier: MIT
 *
 * From a window index to a slot: the level-1 table that covers it, the leaf in that table, the slot; no page fault. The
 * page kind in the leaf tells what the page holds; a page of kind PAGING_KIND_NONE holds no capabilities, whatever its
 * bytes are. A leaf that is not present is all zero, so any other kind also means present. All functions need the
 * cluster lock.
 */
#ifndef R4_PURE_WINDOW_H
#define R4_PURE_WINDOW_H

#include "paging.h"
#include "slot.h"
#include <r4/contract.h>

#define WINDOW_PAGES  (1U << 19)
#define WINDOW_TABLES (WINDOW_PAGES / PAGING_ENTRIES)

/* The window of an address space; part of its PD. */
struct window {
    const uint64_t *tables[WINDOW_TABLES]; /* its level-1 tables, in the direct map; null: none */
    uint32_t name;                         /* r4_name of the address space; 0 as long as it has none */
};

static inline uint64_t window_page_address(uint64_t page) { return R4_WINDOW_BASE + page * R4_PAGE_SIZE; }

/* True if [address, address + size) overlaps the window. */
static inline bool window_meets(uint64_t address, uint64_t size) {
    return address < R4_WINDOW_BASE + R4_WINDOW_SIZE && address + size > R4_WINDOW_BASE;
}

/* Which of the window's tables covers an address in it. */
static inline uint32_t window_number(uint64_t address) {
    KERNEL_CHECK(window_meets(address, 1));
    return (uint32_t)((address - R4_WINDOW_BASE) >> R4_LARGE_BITS);
}

/* The leaf of the window page in which slot `index` (its low 26 bits) lies; 0 if nothing is mapped there. */
static inline uint64_t window_leaf(const struct window *window, uint64_t index) {
    const uint64_t *table = window->tables[index >> 16 & (WINDOW_TABLES - 1)];
    return table == NULL ? 0 : table[index >> 7 & (PAGING_ENTRIES - 1)];
}

/* True if the leaf is of a page of that kind, which is not PAGING_KIND_NONE. */
static inline bool window_leaf_is(uint64_t leaf, uint64_t kind) { return (leaf & paging_kind_put(kind)) != 0; }
_Static_assert((PAGING_KIND_CAPS & PAGING_KIND_PROXIES) == 0, "each page kind has its own bit");

/* Where slot `index` lies in the page of that leaf. */
static inline uintptr_t window_place(uintptr_t direct, uint64_t leaf, uint64_t index) {
    return direct + (leaf & PAGING_ADDRESS) + index % R4_SLOTS_PER_PAGE * R4_SLOT_SIZE;
}

/* The slot of a cap page with that index (26 bits), or null. Slot 0 of a cap page is its header: null too. */
static inline struct r4_slot *window_slot(uintptr_t direct, const struct window *window, uint64_t index) {
    uint64_t leaf = window_leaf(window, index);
    if (!window_leaf_is(leaf, PAGING_KIND_CAPS) || index % R4_SLOTS_PER_PAGE == 0) {
        return NULL;
    }
    uintptr_t place = window_place(direct, leaf, index);
    promise(place != 0);
    return (struct r4_slot *)place;
}

/* A level-1 table now covers [address, address + 2 MiB); `address` is a multiple of 2 MiB, in the window or not. */
void window_table_add(struct window *window, uint64_t address, const uint64_t *table);

/* Which of a window's tables cover [address, address + size), both multiples of 2 MiB. */
struct window_tables {
    uint32_t first;
    uint32_t count; /* 0: none */
};
struct window_tables window_tables_in(uint64_t address, uint64_t size);

#endif
