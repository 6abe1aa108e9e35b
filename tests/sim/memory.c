/* SPDX-License-Identifier: MIT
 *
 * Ranges are found by search: there are at most 24 of them.
 */
#define _GNU_SOURCE
#include "memory.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_GIB (1ULL << 30)

struct pool {
    struct memory_range range;
    uint32_t home;
    uint32_t first_block; /* index in `owners` */
};

static struct memory_home homes[SIM_CLUSTERS];
static struct pool pools[SIM_CLUSTERS * MEMORY_RANGES];
static uint32_t pool_count;
static uint8_t owners[SIM_CLUSTERS * MEMORY_RANGES * MEMORY_POOL_BLOCKS]; /* cluster + 1, 0 = in no direct map */
static int file;

const struct memory_home *memory_home(uint32_t cluster) { return &homes[cluster]; }

void memory_map(uintptr_t address, phys_t base, uint64_t size, bool writable) {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    int flags = MAP_SHARED | MAP_FIXED_NOREPLACE;
    if (mmap((void *)address, size, protection, flags, file, (off_t)base) != (void *)address) {
        sim_fail("host", "cannot map %lx bytes at %lx", size, address);
    }
}

static void pool_create(uint32_t home, struct memory_range range) {
    struct pool *pool = &pools[pool_count];
    *pool = (struct pool){range, home, pool_count * MEMORY_POOL_BLOCKS};
    pool_count++;
    memory_map(MEMORY_HOST + range.base, range.base, range.size, true);
    for (uint32_t cluster = 0; cluster < sim.cluster_count; cluster++) {
        uintptr_t address = MEMORY_DIRECT + ((uint64_t)cluster << R4_DIRECT_MAP_SHIFT) + range.base;
        memory_map(address, range.base, range.size, true);
        if (mprotect((void *)address, range.size, PROT_NONE) != 0) {
            sim_fail("host", "cannot protect %lx", address);
        }
    }
    memory_present(home, range.base, range.size, true);
}

/* A reserve of one block, then pools of 2 to 8 blocks with holes between them; neighbours may share a GiB. */
void memory_create(void) {
    phys_t at = R4_LARGE_SIZE;
    file = memfd_create("r4sim", 0);
    if (file < 0 || ftruncate(file, (off_t)(4 * SIM_CLUSTERS * MEMORY_GIB)) != 0) {
        sim_fail("host", "no memory file");
    }
    for (uint32_t cluster = 0; cluster < sim.cluster_count; cluster++) {
        struct memory_home *home = &homes[cluster];
        home->reserve = (struct memory_range){at, MEMORY_RESERVE_SIZE};
        at += MEMORY_RESERVE_SIZE;
        home->pool_count = 1 + (uint32_t)sim_random(MEMORY_RANGES);
        for (uint32_t i = 0; i < home->pool_count; i++) {
            at += sim_random(8) * R4_LARGE_SIZE;
            uint64_t blocks = 2 + sim_random(MEMORY_POOL_BLOCKS - 1);
            home->pools[i] = (struct memory_range){at, blocks * R4_LARGE_SIZE};
            pool_create(cluster, home->pools[i]);
            at += blocks * R4_LARGE_SIZE;
        }
        at = sim_chance(2) ? round_up(at, MEMORY_GIB) : at + sim_random(4) * R4_LARGE_SIZE;
    }
}

static struct pool *pool_of(phys_t address) {
    for (uint32_t i = 0; i < pool_count; i++) {
        if (address - pools[i].range.base < pools[i].range.size) {
            return &pools[i];
        }
    }
    return NULL;
}

static uint8_t *owner_of(phys_t address) {
    const struct pool *pool = pool_of(address);
    return pool == NULL ? NULL : &owners[pool->first_block + (address - pool->range.base) / R4_LARGE_SIZE];
}

uint32_t memory_page(phys_t address) {
    const struct pool *pool = pool_of(address);
    if (pool == NULL) {
        sim_fail("RAM", "%lx is no pool memory", address);
    }
    return pool->first_block * MEMORY_BLOCK_PAGES + (uint32_t)((address - pool->range.base) / R4_PAGE_SIZE);
}

void memory_present(uint32_t cluster, phys_t base, uint64_t size, bool present) {
    for (phys_t at = base; at < base + size; at += R4_LARGE_SIZE) {
        uint8_t *owner = owner_of(at);
        uint8_t before = present ? 0 : (uint8_t)(cluster + 1);
        uintptr_t address = MEMORY_DIRECT + ((uint64_t)cluster << R4_DIRECT_MAP_SHIFT) + at;
        if (owner == NULL) {
            sim_fail("RAM", "cluster %u changes the direct map of %lx, which is no RAM", cluster, at);
        }
        if (*owner != before) {
            sim_fail("one owner", "cluster %u makes %lx %s; it is in the direct map of cluster %d", cluster, at,
                     present ? "present" : "absent", *owner - 1);
        }
        *owner = present ? (uint8_t)(cluster + 1) : 0;
        if (mprotect((void *)address, R4_LARGE_SIZE, present ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) {
            sim_fail("host", "cannot protect %lx", address);
        }
    }
}

bool memory_owns(uint32_t cluster, phys_t base, uint64_t size) {
    for (phys_t at = round_down(base, R4_LARGE_SIZE); at < base + size; at += R4_LARGE_SIZE) {
        const uint8_t *owner = owner_of(at);
        if (owner == NULL || *owner != cluster + 1) {
            return false;
        }
    }
    return true;
}

bool memory_is_home(phys_t *lost) {
    for (uint32_t i = 0; i < pool_count; i++) {
        for (uint64_t offset = 0; offset < pools[i].range.size; offset += R4_LARGE_SIZE) {
            *lost = pools[i].range.base + offset;
            if (!memory_owns(pools[i].home, *lost, R4_LARGE_SIZE)) {
                return false;
            }
        }
    }
    return true;
}

bool memory_explain(uintptr_t address, char *text, size_t size) {
    uint64_t offset = address - MEMORY_DIRECT;
    uint64_t cluster = offset >> R4_DIRECT_MAP_SHIFT;
    if (address < MEMORY_DIRECT || cluster >= sim.cluster_count) {
        return false;
    }
    phys_t base = offset & ((1ULL << R4_DIRECT_MAP_SHIFT) - 1);
    const uint8_t *owner = owner_of(base);
    snprintf(text, size, "cluster %lu touches %lx through its direct map; owner: %d (-1: nobody)", cluster, base,
             owner == NULL ? -1 : *owner - 1);
    return true;
}
