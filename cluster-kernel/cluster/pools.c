/* SPDX-License-Identifier: MIT
 *
 * The list of pools is ascending, and pools are disjoint.
 */
#include "cluster/pools.h"
#include "cluster/addresses.h"

phys_t pools_end(void) {
    const struct r4_boot_pool *last = &boot_info()->pools[boot_info()->pool_count - 1];
    return last->base + last->size;
}

const struct r4_boot_pool *pool_around(phys_t base, uint64_t size) {
    const struct r4_boot_info *info = boot_info();
    uint32_t low = 0, high = info->pool_count;
    while (low < high) { /* the last pool that begins at `base` or below is before `high` */
        uint32_t middle = (low + high) / 2;
        if (info->pools[middle].base <= base) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const struct r4_boot_pool *pool = &info->pools[low - 1];
    uint64_t offset = base - pool->base;
    return offset < pool->size && size <= pool->size - offset ? pool : NULL;
}
