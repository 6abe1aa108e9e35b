/* SPDX-License-Identifier: MIT
 *
 * The map of loans. See loan_map.h for its order.
 *
 * That a way never runs out of bits: an entry at depth d has d others above it, none smaller, that agree with it in the
 * bits above. If its size were above 2^(bits - d), the last of them would be the same range.
 */
#include "loan_map.h"
#include <r4/contract.h>

static bool is_same(const struct loan_range *a, const struct loan_range *b) {
    return a->base == b->base && a->size_log2 == b->size_log2;
}

/* Where the way to `base` goes on below an entry; `bits` of the address are left. */
static struct loan_range **branch_to(struct loan_range *at, phys_t base, uint32_t bits) {
    KERNEL_CHECK(bits > R4_LARGE_BITS);
    return &at->branch[base >> (bits - 1) & 1];
}

void loan_map_init(struct loan_map *map, phys_t end) {
    KERNEL_CHECK(end > R4_LARGE_SIZE && end <= R4_PHYS_MAX);
    map->top = NULL;
    map->bits = 64 - (uint32_t)__builtin_clzll(end - 1);
}

struct loan_place loan_map_find(const struct loan_map *map, phys_t base, uint32_t size_log2) {
    KERNEL_CHECK(size_log2 >= R4_LARGE_BITS && size_log2 <= map->bits);
    struct loan_place place = {NULL, false};
    struct loan_range *at = map->top;
    uint64_t size = 1ULL << size_log2;
    uint64_t way = base << (64 - map->bits); /* the next bit is the highest */
    for (uint32_t left = map->bits - size_log2; at != NULL && left > 0; left--, way <<= 1) {
        uint64_t differs = base ^ at->base;
        if (differs < size && at->size_log2 < size_log2) {
            place.has_inside = true;
            return place;
        }
        place.around = differs >> at->size_log2 == 0 ? at : place.around;
        at = at->branch[way >> 63];
    }
    if (at != NULL) { /* the end of the way: the same range, or one inside */
        bool is_smaller = at->size_log2 < size_log2;
        place.around = is_smaller ? place.around : at;
        place.has_inside = is_smaller || at->branch[0] != NULL || at->branch[1] != NULL;
    }
    return place;
}

void loan_map_add(struct loan_map *map, struct loan_range *range) {
    KERNEL_CHECK(range->size_log2 >= R4_LARGE_BITS && range->size_log2 <= map->bits);
    KERNEL_CHECK(is_aligned(range->base, 1ULL << range->size_log2) && range->base >> map->bits == 0);
    struct loan_range **place = &map->top;
    range->outer = NULL;
    for (uint32_t bits = map->bits; *place != NULL; bits--) {
        struct loan_range *at = *place;
        if (is_same(at, range)) {
            range->outer = at;
            break;
        }
        if (range->size_log2 > at->size_log2) { /* takes this place; what was here goes further down */
            range->branch[0] = at->branch[0];
            range->branch[1] = at->branch[1];
            *place = range;
            range = at;
        }
        place = branch_to(*place, range->base, bits);
    }
    range->branch[0] = *place == NULL ? NULL : (*place)->branch[0];
    range->branch[1] = *place == NULL ? NULL : (*place)->branch[1];
    *place = range;
}

/* Fills the place of an entry that leaves: the larger of the two below it moves up, and so on. */
static void close_gap(struct loan_range **place) {
    struct loan_range *branch[2] = {(*place)->branch[0], (*place)->branch[1]};
    while (branch[0] != NULL || branch[1] != NULL) {
        bool second = branch[0] == NULL || (branch[1] != NULL && branch[1]->size_log2 > branch[0]->size_log2);
        struct loan_range *next = branch[second];
        struct loan_range *below[2] = {next->branch[0], next->branch[1]};
        next->branch[0] = branch[0];
        next->branch[1] = branch[1];
        *place = next;
        place = &next->branch[second];
        branch[0] = below[0];
        branch[1] = below[1];
    }
    *place = NULL;
}

/* True if there are others inside; `bits` of the address are left below this entry. */
static bool has_inside(const struct loan_range *range, uint32_t bits) {
    const struct loan_range *at = range;
    for (; bits > range->size_log2; bits--) {
        at = at->branch[range->base >> (bits - 1) & 1];
        if (at == NULL) {
            return false;
        }
        if ((at->base ^ range->base) >> range->size_log2 == 0) {
            return true;
        }
    }
    return at->branch[0] != NULL || at->branch[1] != NULL;
}

bool loan_map_remove(struct loan_map *map, struct loan_range *range) {
    struct loan_range **place = &map->top;
    uint32_t bits = map->bits;
    for (; *place != range; bits--) {
        KERNEL_CHECK(*place != NULL);
        if (is_same(*place, range)) {
            return false;
        }
        place = branch_to(*place, range->base, bits);
    }
    if (has_inside(range, bits)) {
        return false;
    }
    struct loan_range *outer = range->outer;
    if (outer == NULL) {
        close_gap(place);
        return true;
    }
    outer->branch[0] = range->branch[0];
    outer->branch[1] = range->branch[1];
    *place = outer;
    return true;
}
