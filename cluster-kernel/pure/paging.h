/* SPDX-License-Identifier: MIT
 *
 * Page-table entries of user address spaces, and where they are. Four levels: level 4 is the PD's own page (PML4),
 * level 1 holds 4 KiB leaves, level 2 also 2 MiB leaves. Source: Intel SDM volume 3, section 4.5 (4-level paging),
 * tables 4-19 and 4-20. Only user halves are used here: entries 0 to 255 of level 4. Needs the cluster lock.
 */
#ifndef R4_PURE_PAGING_H
#define R4_PURE_PAGING_H

#include <r4/abi.h>
#include <r4/contract.h>

#define PAGING_PRESENT 0x1ULL
#define PAGING_WRITE   0x2ULL
#define PAGING_USER    0x4ULL
#define PAGING_LARGE   0x80ULL
#define PAGING_NX      (1ULL << 63)
#define PAGING_ADDRESS 0x000ffffffffff000ULL
#define PAGING_ENTRIES 512U

/* The page kind of a leaf in the window: in the AVL bits 10:9. The kernel looks for slots only in pages of kind CAPS,
 * and for proxies only in pages of kind PROXIES. */
DEFINE_FIELD(uint64_t, paging_kind, 10, 9)
#define PAGING_KIND_NONE    0U
#define PAGING_KIND_CAPS    1U /* a cap page: written by the kernel only */
#define PAGING_KIND_PROXIES 2U /* a proxy page: written by its address space */

/* Index of `address` in a table of `level` (1..4). */
static inline uint32_t paging_index(uint64_t address, uint32_t level) {
    return (uint32_t)(address >> (R4_PAGE_BITS + 9 * (level - 1))) & (PAGING_ENTRIES - 1);
}

/* Bytes that one entry of a table of `level` covers. */
static inline uint64_t paging_reach(uint32_t level) {
    KERNEL_CHECK(level >= 1 && level <= 4);
    return 1ULL << (R4_PAGE_BITS + 9 * (level - 1));
}

/* A leaf for a frame with rights (R4_READ, R4_WRITE, R4_EXEC) and page kind; a present page is always readable.
 * `large`: 2 MiB; the frame is aligned to its size. */
static inline uint64_t paging_leaf(phys_t frame, uint64_t rights, bool large, uint64_t kind) {
    KERNEL_CHECK(is_aligned(frame, large ? R4_LARGE_SIZE : R4_PAGE_SIZE));
    uint64_t entry = frame | PAGING_PRESENT | PAGING_USER | (large ? PAGING_LARGE : 0);
    entry |= (rights & R4_WRITE) != 0 ? PAGING_WRITE : 0;
    entry |= (rights & R4_EXEC) != 0 ? 0 : PAGING_NX;
    return entry | paging_kind_put(kind);
}

/* An entry that names the table of the next lower level. */
static inline uint64_t paging_table(phys_t table) {
    KERNEL_CHECK(is_aligned(table, R4_PAGE_SIZE));
    return table | PAGING_PRESENT | PAGING_WRITE | PAGING_USER;
}

/* The entry for `address` in the table of `level` at `table`. */
static inline uint64_t *paging_at(uintptr_t direct, phys_t table, uint64_t address, uint32_t level) {
    return &((uint64_t *)(direct + table))[paging_index(address, level)];
}

/* True if an entry above level 1 names a table. */
static inline bool paging_is_table(uint64_t entry) {
    return (entry & (PAGING_PRESENT | PAGING_LARGE)) == PAGING_PRESENT;
}

/* The entry of `level` (1..4) for `address` in the tree below `root` (level 4, physical); null if a table on the way is
 * missing, or a large leaf is in its place. Reads tables through the direct map. Written out level by level, so that
 * each shift is a constant. */
static inline uint64_t *paging_entry(uintptr_t direct, phys_t root, uint64_t address, uint32_t level) {
    KERNEL_CHECK(level >= 1 && level <= 4);
    uint64_t *entry = paging_at(direct, root, address, 4);
    if (level == 4) {
        return entry;
    }
    if (!paging_is_table(*entry)) {
        return NULL;
    }
    entry = paging_at(direct, *entry & PAGING_ADDRESS, address, 3);
    if (level == 3) {
        return entry;
    }
    if (!paging_is_table(*entry)) {
        return NULL;
    }
    entry = paging_at(direct, *entry & PAGING_ADDRESS, address, 2);
    if (level == 2) {
        return entry;
    }
    return paging_is_table(*entry) ? paging_at(direct, *entry & PAGING_ADDRESS, address, 1) : NULL;
}

#endif
