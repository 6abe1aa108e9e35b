/* SPDX-License-Identifier: MIT
 *
 * Pretended physical memory for tests, and an address space of page tables in it: `pages` stands at the physical
 * address SPACE_BASE, far beyond what the test machine has, so that a confusion of physical and virtual addresses is a
 * fault that ASan names. SPACE_BASE is chosen so that links of slots (address / 32) cross bit 24, where a slot's
 * previous link is split.
 */
#ifndef R4_TESTS_SPACE_H
#define R4_TESTS_SPACE_H

#include "expect.h"
#include "pure/paging.h"
#include "suite.h"

#define SPACE_PAGES 160U
#define SPACE_BASE  (0x150020000000ULL - SPACE_PAGES / 2 * R4_PAGE_SIZE)

static _Alignas(R4_PAGE_SIZE) uint64_t space_pages[SPACE_PAGES][PAGING_ENTRIES];
static uint32_t space_used;

static inline uintptr_t space_direct(void) { return (uintptr_t)space_pages - SPACE_BASE; }

/* Physical address of a page not yet taken, all zero. */
static inline phys_t space_page(void) {
    EXPECT(space_used < SPACE_PAGES);
    return SPACE_BASE + (phys_t)space_used++ * R4_PAGE_SIZE;
}

/* Forgets all that was there and returns the page of a new root. */
static inline phys_t space_start(void) {
    memset(space_pages, 0, sizeof(space_pages));
    space_used = 0;
    return space_page();
}

static inline uint64_t *space_table(phys_t page) { return (uint64_t *)(space_direct() + page); }

/* The entry of `level` for `address`, made by the manual's rule and not by the code under test: 9 bits of the address
 * per level. Tables on the way are made. */
static inline uint64_t *space_entry(phys_t root, uint64_t address, uint32_t level) {
    phys_t table = root;
    for (uint32_t at = 4;; at--) {
        uint64_t *entry = &space_table(table)[address >> (9 * at + 3) & 511];
        if (at == level) {
            return entry;
        }
        if (*entry == 0) {
            *entry = space_page() | 7; /* present, writable, user */
        }
        table = *entry & 0x000ffffffffff000ULL;
    }
}

#endif
