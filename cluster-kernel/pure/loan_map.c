/* SPDX-License-Identifier: MIT
 *
 * The map of loans. See loan_map.h for its order.
 *
 * That a way never runs out of bits: an entry at depth d has d others above it, none smaller, that agree with it in the
 * bits above. If it were the size of 2^(LOAN_MAP_TOP + 1 - d) or more, the last of them would be the same range.
 */
#include "loan_map.h"
#include <r4/contract.h>

static bool is_same(const struct loan_range *a, const struct loan_range *b) {
    return a->base == b->base && a->size_log2 == b->size_log2;
}

/* True if the range of 2^size_log2 bytes around `a` contains `b`, too. */
static bool is_near(phys_t a, phys_t b, uint32_t size_log2) { return (a ^ b) >> size_log2 == 0; }

static struct loan_range **branch_to(struct loan_range *at, phys_t base, uint32_t bit) {
    KERNEL_CHECK(bit >= R4_LARGE_BITS && bit <= LOAN_MAP_TOP);
    return &at->branch[base >> bit & 1];
}

struct loan_place loan_map_find(const struct loan_map *map, phys_t base, uint32_t size_log2) {
    struct loan_place place = {NULL, false};
    struct loan_range *at = map->top;
    for (uint32_t bit = LOAN_MAP_TOP; at != NULL; bit--) {
        bool contains = at->size_log2 >= size_log2 && is_near(base, at->base, at->size_log2);
        if (contains) {
            place.around = at;
        } else if (is_near(base, at->base, size_log2)) {
            place.has_inside = true;
            return place;
        }
        if (bit < size_log2) { /* the way ends here; what is below is inside */
            place.has_inside = at->branch[0] != NULL || at->branch[1] != NULL;
            return place;
        }
        at = *branch_to(at, base, bit);
    }
    return place;
}

bool loan_map_is_innermost(const struct loan_map *map, const struct loan_range *range) {
    struct loan_place place = loan_map_find(map, range->base, range->size_log2);
    return place.around == range && !place.has_inside;
}

void loan_map_add(struct loan_map *map, struct loan_range *range) {
    KERNEL_CHECK(range->size_log2 >= R4_LARGE_BITS && range->size_log2 <= LOAN_MAP_TOP);
    KERNEL_CHECK(is_aligned(range->base, 1ULL << range->size_log2) && range->base < R4_PHYS_MAX);
    struct loan_range **place = &map->top;
    range->outer = NULL;
    for (uint32_t bit = LOAN_MAP_TOP; *place != NULL; bit--) {
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
        place = branch_to(*place, range->base, bit);
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

void loan_map_remove(struct loan_map *map, struct loan_range *range) {
    struct loan_range **place = &map->top;
    for (uint32_t bit = LOAN_MAP_TOP; *place != range; bit--) {
        KERNEL_CHECK(*place != NULL && !is_same(*place, range));
        place = branch_to(*place, range->base, bit);
    }
    struct loan_range *outer = range->outer;
    if (outer == NULL) {
        close_gap(place);
        return;
    }
    outer->branch[0] = range->branch[0];
    outer->branch[1] = range->branch[1];
    *place = outer;
}
