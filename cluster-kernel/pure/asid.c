/* SPDX-License-Identifier: MIT
 *
 * The FIFOs of free asids: one per pool, linked by asid, 0 ends a list.
 */
#include "asid.h"
#include <r4/contract.h>

static void append(struct asid_table *table, uint32_t asid) {
    struct asid_pool *pool = &table->pools[asid / ASID_POOL_SIZE];
    table->free[asid].next = 0;
    if (pool->first == 0) {
        pool->first = (uint16_t)asid;
    } else {
        table->free[pool->last].next = (uint16_t)asid;
    }
    pool->last = (uint16_t)asid;
}

void asid_table_init(struct asid_table *table, uint32_t cluster) {
    table->cluster = cluster;
    for (uint32_t asid = 0; asid < ASID_COUNT; asid++) {
        table->entries[asid].key = ASID_NOBODY;
    }
    for (uint32_t asid = 1; asid < ASID_COUNT; asid++) {
        table->free[asid].generation = 1;
        append(table, asid);
    }
}

uint32_t asid_take(struct asid_table *table, uint32_t pool, struct window *window) {
    KERNEL_CHECK(pool < ASID_POOLS);
    uint32_t asid = table->pools[pool].first;
    if (asid == 0) {
        return 0;
    }
    table->pools[pool].first = table->free[asid].next;
    uint32_t name = r4_name_asid_put(asid) | r4_name_generation_put(table->free[asid].generation);
    table->entries[asid] = (struct asid_entry){asid_key(table->cluster, name), window};
    return name;
}

void asid_give(struct asid_table *table, uint32_t name) {
    KERNEL_CHECK(asid_find(table, name) != NULL);
    uint32_t asid = r4_name_asid_get(name);
    table->entries[asid] = (struct asid_entry){ASID_NOBODY, NULL};
    table->free[asid].generation++;
    if (table->free[asid].generation != 0) { /* else retired: no name has generation 0 */
        append(table, asid);
    }
}
