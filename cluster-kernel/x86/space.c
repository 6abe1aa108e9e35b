/* SPDX-License-Identifier: MIT
 *
 * Address spaces: loading, flushing, and the kernel's half. That half is one set of tables for all spaces of the
 * cluster; the coordinator has created them, in memory that is not in the direct map, and has mapped those that the
 * kernel needs: at R4_AREA_TABLES the root, to copy its upper half; at R4_DIRECTORY_MAP the direct map's page
 * directories, one for each GiB in which any cluster has RAM, since any of it may be handed to this one.
 * Kernel pages may be global: a load of cr3 keeps their translations.
 */
#include "cluster/addresses.h"
#include "pure/paging.h"
#include <r4/contract.h>
#include <x86/registers.h>

#define SPACE_GIB_BITS     30U
#define SPACE_KERNEL_FIRST 256U /* entry of the root at which the kernel's half begins */

/* A page of the direct map. Accessed and dirty are set from the start, so that the processor never writes to the
 * entry. */
#define SPACE_DIRECT (PAGING_PRESENT | PAGING_WRITE | PAGING_LARGE | PAGING_NX | 0x20ULL | 0x40ULL | 0x100ULL)

/* The kernel's half of the root never changes after boot, so a copy stays correct. */
void machine_space_init(void *pml4) {
    uint64_t *target = pml4;
    const uint64_t *source = (const uint64_t *)LINKER_CONSTANT_64(r4_linker_tables);
#pragma GCC unroll 8
    for (uint32_t i = SPACE_KERNEL_FIRST; i < PAGING_ENTRIES; i++) {
        target[i] = source[i];
    }
}

void machine_space_load(phys_t root) { x86_write_cr3(root); }
void machine_space_load_kernel(void) { x86_write_cr3(boot_info()->kernel_root); }

/* A change of CR4.PGE also drops global translations (SDM volume 3, 4.10.4.1). */
void machine_flush_all(void) {
    uint64_t cr4 = x86_read_cr4();
    if ((cr4 & CR4_PGE) != 0) {
        x86_write_cr4(cr4 & ~(uint64_t)CR4_PGE);
        x86_write_cr4(cr4);
    } else {
        machine_flush_user();
    }
}

/* The page directory for a GiB in which some cluster has a pool. */
static uint64_t *directory_of(uint64_t gib) {
    return (uint64_t *)(LINKER_CONSTANT_64(r4_linker_directories) + gib * R4_PAGE_SIZE);
}

/* Shows up to 512 pages that follow each other. Unrolled, since no preemption point can come between. The stores are
 * atomic because the processor may read an entry at any time; they need no order, since no entry depends on another. */
static void pages_show(uint64_t *entry, uint64_t count, phys_t base) {
    uint64_t value = base | SPACE_DIRECT;
#pragma GCC unroll 16
    for (const uint64_t *end = entry + count; entry != end; entry++, value += R4_LARGE_SIZE) {
        __atomic_store_n(entry, value, __ATOMIC_RELAXED);
    }
}

/* A range of at most a GiB, aligned to its size, is inside one GiB. */
_Static_assert(R4_HANDOFF_MAX_LOG2 <= SPACE_GIB_BITS, "a hand-off is one directory's affair");

void machine_direct_map(phys_t base, uint64_t size, bool present) {
    uint64_t *entry = &directory_of(base >> SPACE_GIB_BITS)[paging_index(base, 2)];
    uint64_t count = size >> R4_LARGE_BITS;
    if (present) {
        pages_show(entry, count, base);
    } else {
        machine_zero(entry, count * sizeof(*entry));
    }
}
