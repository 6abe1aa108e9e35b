/* SPDX-License-Identifier: MIT
 *
 * Placement. See place.h.
 */
#include "place.h"
#include <r4/contract.h>

#define PLACE_LOW_END     0x100000U
#define PLACE_SLOT_BITS   39U /* of the PML4: 512 GiB */
#define PLACE_AREA_TABLES 8U  /* page tables that the kernel's 16 MiB can need: one for each 2 MiB */

uint64_t place_pools(const struct ranges *ram, struct ranges *pools, bool *fits) {
    pools->count = 0;
    *fits = true;
    for (uint32_t i = 0; i < ram->count; i++) {
        phys_t base = round_up(ram->list[i].base, R4_LARGE_SIZE);
        phys_t end = round_down(ram->list[i].end, R4_LARGE_SIZE);
        *fits = *fits && ranges_add(pools, base, end);
    }
    return ranges_total(ram) - ranges_total(pools);
}

bool place_list(struct r4_boot_pool *list, uint32_t *count, const struct ranges *pools, uint32_t cluster) {
    for (uint32_t i = 0; i < pools->count; i++) {
        const struct range *pool = &pools->list[i];
        if (*count == R4_BOOT_POOLS) {
            return false;
        }
        uint32_t at = (*count)++;
        for (; at > 0 && list[at - 1].base > pool->base; at--) {
            list[at] = list[at - 1];
        }
        list[at] = (struct r4_boot_pool){.base = pool->base, .size = pool->end - pool->base, .cluster = cluster};
    }
    return true;
}

bool place_gibs(const struct ranges *pools, struct ranges *gibs) {
    const uint64_t gib = 1ULL << PLACE_GIB_BITS;
    for (uint32_t i = 0; i < pools->count; i++) {
        if (!ranges_add(gibs, round_down(pools->list[i].base, gib), round_up(pools->list[i].end, gib))) {
            return false;
        }
    }
    return true;
}

/* PML4; page-directory pointers and directory of the area; its tables. The direct map's directories, and a page of
 * pointers for each 512 GiB. The same again to map the directories as pages, 512 by one table, below two tables. */
static uint32_t table_count(const struct place_need *need) {
    uint64_t end = need->gibs->list[need->gibs->count - 1].end;
    uint64_t slots = round_up(end, 1ULL << PLACE_SLOT_BITS) >> PLACE_SLOT_BITS;
    uint64_t directories = ranges_total(need->gibs) >> PLACE_GIB_BITS;
    return (uint32_t)(3 + PLACE_AREA_TABLES + directories + slots + slots + 2);
}

struct place_reserve place_reserve_at(const struct place_need *need, phys_t base) {
    KERNEL_ASSERT(is_aligned(base, R4_LARGE_SIZE) && is_aligned(need->image_size, R4_PAGE_SIZE) &&
                  need->gibs->count != 0);
    struct place_reserve reserve = {.base = base, .image = base, .table_count = table_count(need)};
    reserve.info = reserve.image + need->image_size;
    reserve.header = reserve.info + (uint64_t)R4_BOOT_INFO_PAGES * R4_PAGE_SIZE;
    reserve.rings = reserve.header + R4_PAGE_SIZE;
    reserve.cores = reserve.rings + (uint64_t)need->peers * R4_RING_STRIDE;
    reserve.tables = reserve.cores + (uint64_t)need->cores * PLACE_CORE_SIZE;
    phys_t end = reserve.tables + (uint64_t)reserve.table_count * R4_PAGE_SIZE;
    reserve.size = round_up(end - base, R4_LARGE_SIZE);
    return reserve;
}

uint64_t place_root_size(uint64_t segments, uint32_t clusters) {
    return round_up(segments + R4_ROOT_ROOM + (uint64_t)clusters * R4_PEER_ROOM, R4_LARGE_SIZE);
}

uint64_t place_reserve_size(const struct place_need *need) { return place_reserve_at(need, 0).size; }

uint32_t place_peer_index(uint32_t cluster, uint32_t peer) {
    KERNEL_ASSERT(peer != cluster);
    return peer < cluster ? peer : peer - 1;
}

/* The first range in use that meets [base, end), or null. */
static const struct range *range_meeting(const struct ranges *set, phys_t base, phys_t end) {
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->list[i].base < end && base < set->list[i].end) {
            return &set->list[i];
        }
    }
    return NULL;
}

bool place_find(const struct ranges *pools, const struct ranges *in_use, uint64_t size, phys_t *base) {
    KERNEL_ASSERT(size != 0 && is_aligned(size, R4_LARGE_SIZE));
    for (uint32_t i = 0; i < pools->count; i++) {
        phys_t at = pools->list[i].base;
        while (pools->list[i].end - at >= size) {
            const struct range *obstacle = range_meeting(in_use, at, at + size);
            if (obstacle == NULL) {
                *base = at;
                return true;
            }
            at = round_up(obstacle->end, R4_LARGE_SIZE);
            if (at >= pools->list[i].end) {
                break;
            }
        }
    }
    return false;
}

bool place_low_page(const struct ranges *ram, const struct ranges *in_use, phys_t *page) {
    for (phys_t at = PLACE_LOW_END - R4_PAGE_SIZE; at > 0; at -= R4_PAGE_SIZE) {
        for (uint32_t i = 0; i < ram->count; i++) {
            bool inside = ram->list[i].base <= at && at + R4_PAGE_SIZE <= ram->list[i].end;
            if (inside && !ranges_meet(in_use, at, at + R4_PAGE_SIZE)) {
                *page = at;
                return true;
            }
        }
    }
    return false;
}
