/* SPDX-License-Identifier: MIT
 *
 * Address space identifiers: the cluster's table from asid to window. An asid with its generation is a name. No name is
 * given twice: each return raises the generation, and an asid whose generation would wrap is never used again. Free
 * asids are reused in FIFO order, per pool, so that an asid comes back late. All functions need the cluster lock.
 */
#ifndef R4_PURE_ASID_H
#define R4_PURE_ASID_H

#include "window.h"

#define ASID_COUNT     1024U /* 0 is never used */
#define ASID_POOL_SIZE 64U
#define ASID_POOLS     (ASID_COUNT / ASID_POOL_SIZE)

/* The bits above the index in a cap address that names this address space of this cluster. */
static inline uint64_t asid_key(uint32_t cluster, uint32_t name) { return cluster | (uint64_t)name << 6; }

#define ASID_NOBODY UINT64_MAX /* the key of no address: keys have 38 bits */

struct asid_entry {        /* read by each step of a walk, so it holds nothing else */
    uint64_t key;          /* of the present user; ASID_NOBODY: free or retired */
    struct window *window; /* of the present user */
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

/* Makes all asids but 0 free. The table is zeroed. */
void asid_table_init(struct asid_table *table, uint32_t cluster);

/* Takes one of pool `pool` (below ASID_POOLS) for a window and returns its name; 0 if the pool has none left. */
uint32_t asid_take(struct asid_table *table, uint32_t pool, struct window *window);

/* Returns a name that asid_take() gave and that has not been returned yet. From now on no address space has it. */
void asid_give(struct asid_table *table, uint32_t name);

/* The entry that the address space with that name would use; the caller compares the key. */
static inline const struct asid_entry *asid_entry_of(const struct asid_table *table, uint64_t name) {
    return &table->entries[name % ASID_COUNT];
}

/* The window of the address space with that name, or null if there is none. `name` may be any number. */
static inline struct window *asid_find(const struct asid_table *table, uint32_t name) {
    const struct asid_entry *entry = asid_entry_of(table, name);
    if (entry->key >> 6 != name) {
        return NULL;
    }
    promise(entry->window != NULL);
    return entry->window;
}

#endif
