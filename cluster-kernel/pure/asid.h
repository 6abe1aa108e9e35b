/* SPDX-License-Identifier: MIT
 *
 * Address space identifiers: the cluster's table from asid to window. An asid with its generation is a name, which is
 * never given twice: each return raises the generation, and an asid whose generation would wrap is never used again.
 * Free asids are reused in FIFO order, per pool, so that an asid comes back late. Needs the cluster lock.
 */
#ifndef R4_PURE_ASID_H
#define R4_PURE_ASID_H

#include "window.h"

#define ASID_COUNT     1024U /* 0 is never used */
#define ASID_POOL_SIZE 64U
#define ASID_POOLS     (ASID_COUNT / ASID_POOL_SIZE)

/* What the bits above the index are in a cap address that names this address space of this cluster. */
static inline uint64_t asid_key(uint32_t cluster, uint32_t name) { return cluster | (uint64_t)name << 6; }

#define ASID_NOBODY UINT64_MAX /* the key of no address: keys have 38 bits */

struct asid_entry {        /* looked at by each step of a walk: nothing else is in it */
    uint64_t key;          /* of the present user; ASID_NOBODY: free or retired */
    struct window *window; /* whose it is */
};

struct asid_next { /* of a free asid */
    uint16_t generation;
    uint16_t next; /* asid of the next free one of the pool, 0 = last */
};

struct asid_pool { /* the free ones; 0 = none */
    uint16_t first;
    uint16_t last;
};

struct asid_table {
    struct asid_entry entries[ASID_COUNT];
    struct asid_next free[ASID_COUNT];
    struct asid_pool pools[ASID_POOLS];
    uint32_t cluster;
};

/* All are free. The table is zero. */
void asid_table_init(struct asid_table *table, uint32_t cluster);

/* Takes one of pool `pool` (below ASID_POOLS) for a window and returns its name; 0 if the pool has none left. */
uint32_t asid_take(struct asid_table *table, uint32_t pool, struct window *window);

/* The name, given by asid_take() and not returned yet, means nothing any more. */
void asid_give(struct asid_table *table, uint32_t name);

/* The entry in which the address space with that name stands, if there is one: its key tells. */
static inline const struct asid_entry *asid_entry_of(const struct asid_table *table, uint64_t name) {
    return &table->entries[name % ASID_COUNT];
}

/* The window of the address space with that name, or null if there is none: any number may be asked for. */
static inline struct window *asid_find(const struct asid_table *table, uint32_t name) {
    const struct asid_entry *entry = asid_entry_of(table, name);
    return entry->key >> 6 == name ? entry->window : NULL;
}

#endif
