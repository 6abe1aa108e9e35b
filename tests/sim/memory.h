/* SPDX-License-Identifier: MIT
 *
 * Physical memory: sparse ranges of RAM in one file. Each kernel instance sees it in its own direct map, and there only
 * what it has made present by machine_direct_map(): any other access ends the run. The simulator itself sees all of it,
 * at MEMORY_HOST.
 */
#ifndef R4_SIM_MEMORY_H
#define R4_SIM_MEMORY_H

#include "sim.h"
#include <r4/layout.h>

#define MEMORY_HOST         0x200000000000ULL /* physical address 0 appears here to the simulator itself */
#define MEMORY_DIRECT       0x100000000000ULL /* + cluster << R4_DIRECT_MAP_SHIFT */
#define MEMORY_RESERVE_SIZE R4_LARGE_SIZE
#define MEMORY_RANGES       2U /* pools of one cluster */
#define MEMORY_POOL_BLOCKS  8U /* of 2 MiB, at most, in one pool */
#define MEMORY_BLOCK_PAGES  (R4_LARGE_SIZE / R4_PAGE_SIZE)

struct memory_range {
    phys_t base;
    uint64_t size;
};

struct memory_home {             /* what a cluster has at boot */
    struct memory_range reserve; /* header, rings: in no direct map */
    struct memory_range pools[MEMORY_RANGES];
    uint32_t pool_count;
};

/* Draws the memory of every cluster, and creates it. */
void memory_create(void);
const struct memory_home *memory_home(uint32_t cluster);

/* Maps `size` bytes of physical memory at a fixed virtual address that is free. */
void memory_map(uintptr_t address, phys_t base, uint64_t size, bool writable);

/* machine_direct_map() of one cluster. Ends the run if a page would be in two direct maps, or is no pool's. */
void memory_present(uint32_t cluster, phys_t base, uint64_t size, bool present);

/* True if all of [base, base + size) is in that cluster's direct map. */
bool memory_owns(uint32_t cluster, phys_t base, uint64_t size);

/* True if every 2 MiB page of the pools is in the direct map of its home cluster; else *lost is one that is not. */
bool memory_is_home(phys_t *lost);

/* An index for tables with an entry per 4 KiB page of pool memory; MEMORY_PAGES is their size. */
#define MEMORY_PAGES (SIM_CLUSTERS * MEMORY_RANGES * MEMORY_POOL_BLOCKS * MEMORY_BLOCK_PAGES)
uint32_t memory_page(phys_t address);

static inline void *memory_host(phys_t address) { return (void *)(MEMORY_HOST + address); }

/* Describes a faulting address: which cluster touched which physical address, and whose that is. False if it is not in
 * any direct map. */
bool memory_explain(uintptr_t address, char *text, size_t size);

#endif
