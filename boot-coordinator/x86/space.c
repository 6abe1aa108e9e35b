/* SPDX-License-Identifier: MIT
 *
 * Page tables. See space.h.
 */
#include "space.h"
#include "identity.h"
#include "print.h"

#define ENTRY_PRESENT    (1ULL << 0)
#define ENTRY_WRITE      (1ULL << 1)
#define ENTRY_UNCACHED   (3ULL << 3) /* PWT, PCD */
#define ENTRY_LARGE      (1ULL << 7)
#define ENTRY_NO_EXECUTE (1ULL << 63)
#define ENTRY_ADDRESS    0xffffffffff000ULL

#define GIB_BITS 30U

enum { LEVEL_PAGE = 0, LEVEL_DIRECTORY = 1, LEVEL_ROOT = 3 };

static uint64_t access_bits(enum space_access access) {
    switch (access) {
    case SPACE_EXEC:
        return ENTRY_PRESENT;
    case SPACE_WRITE:
        return ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NO_EXECUTE;
    case SPACE_DEVICE:
        return ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NO_EXECUTE | ENTRY_UNCACHED;
    default:
        return ENTRY_PRESENT | ENTRY_NO_EXECUTE;
    }
}

void space_open(struct space *space, phys_t tables, uint32_t count) {
    BOOT_ASSERT(is_aligned(tables, R4_PAGE_SIZE) && count >= 1);
    space->root = identity_at(tables);
    BOOT_ASSERT(space->root[0] == 0);
    space->next = tables + R4_PAGE_SIZE;
    space->end = tables + (uint64_t)count * R4_PAGE_SIZE;
}

/* The entry of `address` in the table of that level. Missing tables on the way are added; null: they are used up. */
static uint64_t *entry_at(struct space *space, uint64_t address, int level) {
    uint64_t *table = space->root;
    for (int at = LEVEL_ROOT;; at--) {
        uint64_t *entry = &table[(address >> (R4_PAGE_BITS + 9 * (uint32_t)at)) & 511];
        if (at == level) {
            return entry;
        }
        if (!(*entry & ENTRY_PRESENT)) {
            if (space->next == space->end) {
                return NULL;
            }
            *entry = space->next | ENTRY_PRESENT | ENTRY_WRITE;
            space->next += R4_PAGE_SIZE;
        }
        table = identity_at(*entry & ENTRY_ADDRESS);
    }
}

bool space_map(struct space *space, uint64_t address, phys_t base, uint64_t pages, enum space_access access) {
    const uint64_t bits = access_bits(access);
    uint64_t *entry = NULL;
    BOOT_ASSERT(is_aligned(address | base, R4_PAGE_SIZE));
    for (uint64_t i = 0; i < pages; i++, entry++) {
        uint64_t at = address + i * R4_PAGE_SIZE;
        if (i == 0 || is_aligned(at, R4_LARGE_SIZE)) { /* the first entry of a table */
            entry = entry_at(space, at, LEVEL_PAGE);
        }
        if (entry == NULL) {
            return false;
        }
        BOOT_ASSERT(*entry == 0);
        *entry = (base + i * R4_PAGE_SIZE) | bits;
    }
    return true;
}

bool space_map_large(struct space *space, uint64_t address, phys_t base, uint64_t pages) {
    uint64_t *entry = NULL;
    BOOT_ASSERT(is_aligned(address | base, R4_LARGE_SIZE));
    for (uint64_t i = 0; i < pages; i++, entry++) {
        uint64_t at = address + i * R4_LARGE_SIZE;
        if (i == 0 || is_aligned(at, 1ULL << GIB_BITS)) { /* the first entry of a directory */
            entry = entry_at(space, at, LEVEL_DIRECTORY);
        }
        if (entry == NULL) {
            return false;
        }
        BOOT_ASSERT(*entry == 0);
        *entry = (base + i * R4_LARGE_SIZE) | access_bits(SPACE_WRITE) | ENTRY_LARGE;
    }
    return true;
}

phys_t space_directory(struct space *space, uint64_t address) {
    const uint64_t *entry = entry_at(space, address, LEVEL_DIRECTORY);
    return entry == NULL ? 0 : round_down((uintptr_t)entry, R4_PAGE_SIZE);
}
