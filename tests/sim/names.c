/* SPDX-License-Identifier: MIT
 *
 * The generations of an asid only rise.
 */
#include "names.h"
#include "memory.h"
#include "object/thread.h"
#include "pure/paging.h"
#include <string.h>

static bool aged[SIM_CLUSTERS];
static uint32_t highest[SIM_CLUSTERS][ASID_COUNT]; /* generation that has been given */

/* As if all free asids of a pool but the first few were retired: so it soon gives the same ones again. */
static void pool_shorten(struct asid_table *table, struct asid_pool *pool) {
    pool->last = pool->first;
    for (uint64_t more = sim_random(3); more != 0; more--) {
        pool->last = table->free[pool->last].next;
    }
    for (uint32_t asid = table->free[pool->last].next; asid != 0; asid = table->free[asid].next) {
        table->free[asid].generation = 0;
    }
    table->free[pool->last].next = 0;
}

void names_age(struct instance *instance) {
    struct asid_table *table = &instance->cluster->asids;
    if (aged[instance->number]) { /* the first thread has been configured anew */
        return;
    }
    aged[instance->number] = true;
    for (uint32_t asid = 1; asid < ASID_COUNT; asid++) {
        if (table->entries[asid].window == NULL && !sim_chance(4)) {
            table->free[asid].generation = (uint16_t)(sim_chance(2) ? r4_name_generation_max() : 1 + sim_random(1000));
        }
    }
    for (uint32_t pool = 0; pool < ASID_POOLS; pool++) {
        if (sim_chance(2)) {
            pool_shorten(table, &table->pools[pool]);
        }
    }
}

void names_given(const struct instance *instance, uint32_t name) {
    uint32_t *last = &highest[instance->number][r4_name_asid_get(name) % ASID_COUNT];
    uint32_t generation = r4_name_generation_get(name);
    if (r4_name_asid_get(name) >= ASID_COUNT || r4_name_asid_get(name) == 0 || generation <= *last) {
        sim_fail("names are given once", "cluster %u gives the name %x, which was given before or is no name",
                 instance->number, name);
    }
    *last = generation;
}

/* Each asid is in its pool's list of free ones, taken or retired: exactly one of these. */
static void free_check(const struct cap_scan *scan) {
    const struct asid_table *table = &scan->instance->cluster->asids;
    static bool is_free[ASID_COUNT];
    memset(is_free, 0, sizeof(is_free));
    for (uint32_t pool = 0; pool < ASID_POOLS; pool++) {
        for (uint32_t asid = table->pools[pool].first; asid != 0; asid = table->free[asid].next) {
            if (asid / ASID_POOL_SIZE != pool || is_free[asid]) {
                sim_fail("asids", "cluster %u: %u is in the list of free ones of pool %u", scan->instance->number, asid,
                         pool);
            }
            is_free[asid] = true;
        }
    }
    for (uint32_t asid = 1; asid < ASID_COUNT; asid++) {
        bool taken = table->entries[asid].key != ASID_NOBODY;
        bool retired = table->free[asid].generation == 0;
        if (is_free[asid] + taken + retired != 1) {
            sim_fail("asids", "cluster %u: %u is free, taken, retired: %u %u %u", scan->instance->number, asid,
                     is_free[asid], taken, retired);
        }
    }
}

static void named_check(const struct cap_scan *scan, const struct pd *pd) {
    uint32_t asid = r4_name_asid_get(pd->window.name);
    const struct asid_table *table = &scan->instance->cluster->asids;
    uint64_t key = scan->instance->number | (uint64_t)pd->window.name << 6;
    if (asid == 0 || asid >= ASID_COUNT || table->entries[asid].window != &pd->window ||
        table->entries[asid].key != key) {
        sim_fail("names lead to their owner", "cluster %u: the space %lx with the name %x", scan->instance->number,
                 pd->root, pd->window.name);
    }
}

static void nameless_check(const struct cap_scan *scan, const struct pd *pd) {
    const uint64_t *entries = memory_host(pd->root);
    for (uint32_t i = 0; i < PAGING_ENTRIES / 2; i++) {
        if ((entries[i] & PAGING_PRESENT) != 0) {
            sim_fail("without a name nothing", "cluster %u: the space %lx has no name, and %lx in it",
                     scan->instance->number, pd->root, entries[i]);
        }
    }
    if (pd->cores != 0) {
        sim_fail("without a name nothing", "cluster %u: the space %lx has no name and is loaded",
                 scan->instance->number, pd->root);
    }
}

void names_check(const struct cap_scan *scan) {
    if (scan->instance->cluster->asids.entries[1].key != 0) { /* else it has not filled its table yet */
        free_check(scan);
    }
    for (size_t i = 0; i < scan->pd_count; i++) {
        if (scan->pds[i]->window.name != 0) {
            named_check(scan, scan->pds[i]);
        } else {
            nameless_check(scan, scan->pds[i]);
        }
    }
    for (size_t i = 0; i < scan->thread_count; i++) {
        const struct thread *thread = scan->threads[i];
        if (thread->pd != NULL && thread->pd->window.name == 0) {
            sim_fail("without a name nothing", "cluster %u: the thread at %lx has an address space without a name",
                     scan->instance->number, (uintptr_t)thread - scan->instance->direct);
        }
    }
}
