/* SPDX-License-Identifier: MIT
 *
 * Simulated physical memory for tests, and an address space of page tables in it. space_pages is at the physical
 * address SPACE_BASE, far above what the test machine has, so that a mix-up of physical and virtual addresses is a
 * fault that ASan reports. SPACE_BASE is chosen so that references to slots (address / 32) cross bit 24, where a slot's
 * reference to the one before it is split.
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

/* The physical address of the next free page, all zero. */
static inline phys_t space_page(void) {
    EXPECT(space_used < SPACE_PAGES);
    return SPACE_BASE + (phys_t)space_used++ * R4_PAGE_SIZE;
}

/* Clears everything, and returns the page of a new root. */
static inline phys_t space_start(void) {
    memset(space_pages, 0, sizeof(space_pages));
    space_used = 0;
    return space_page();
}

static inline uint64_t *space_table(phys_t page) { return (uint64_t *)(space_direct() + page); }

/* The entry of `level` for `address`, found by the manual's rule (9 bits of the address per level) and not by the code
 * under test. Missing tables on the way are created. */
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
