/* SPDX-License-Identifier: MIT
 *
 * Sets of physical addresses. See ranges.h.
 */
#include "ranges.h"
#include <r4/contract.h>

static void range_delete(struct ranges *set, uint32_t index, uint32_t count) {
    for (uint32_t i = index; i + count < set->count; i++) {
        set->list[i] = set->list[i + count];
    }
    set->count -= count;
}

static bool range_insert(struct ranges *set, uint32_t index, struct range range) {
    if (set->count == RANGES_MAX) {
        return false;
    }
    for (uint32_t i = set->count; i > index; i--) {
        set->list[i] = set->list[i - 1];
    }
    set->list[index] = range;
    set->count++;
    return true;
}

bool ranges_add(struct ranges *set, phys_t base, phys_t end) {
    if (end <= base) {
        return true;
    }
    uint32_t first = 0; /* the first range that touches or follows the new one */
    while (first < set->count && set->list[first].end < base) {
        first++;
    }
    uint32_t after = first;
    while (after < set->count && set->list[after].base <= end) {
        base = set->list[after].base < base ? set->list[after].base : base;
        end = set->list[after].end > end ? set->list[after].end : end;
        after++;
    }
    if (after == first) {
        return range_insert(set, first, (struct range){base, end});
    }
    set->list[first] = (struct range){base, end};
    range_delete(set, first + 1, after - first - 1);
    return true;
}

bool ranges_remove(struct ranges *set, phys_t base, phys_t end) {
    uint32_t i = 0;
    while (base < end && i < set->count) {
        struct range *range = &set->list[i];
        bool head = range->base < base; /* something stays before it, after it */
        bool tail = range->end > end;
        if (range->end <= base || range->base >= end) {
            i++;
        } else if (head && tail) {
            struct range rest = {end, range->end};
            range->end = base;
            return range_insert(set, i + 1, rest);
        } else if (head) {
            range->end = base;
            i++;
        } else if (tail) {
            range->base = end;
            i++;
        } else {
            range_delete(set, i, 1);
        }
    }
    return true;
}

bool ranges_intersect(const struct ranges *a, const struct ranges *b, struct ranges *out) {
    KERNEL_ASSERT(out != a && out != b);
    out->count = 0;
    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        const struct range *x = &a->list[i];
        const struct range *y = &b->list[j];
        phys_t base = x->base > y->base ? x->base : y->base;
        phys_t end = x->end < y->end ? x->end : y->end;
        if (!ranges_add(out, base, end)) {
            return false;
        }
        if (x->end < y->end) {
            i++;
        } else {
            j++;
        }
    }
    return true;
}

bool ranges_subtract(struct ranges *a, const struct ranges *b) {
    for (uint32_t i = 0; i < b->count; i++) {
        if (!ranges_remove(a, b->list[i].base, b->list[i].end)) {
            return false;
        }
    }
    return true;
}

bool ranges_meet(const struct ranges *set, phys_t base, phys_t end) {
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->list[i].base < end && base < set->list[i].end) {
            return true;
        }
    }
    return false;
}

uint64_t ranges_below(const struct ranges *set, phys_t end) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < set->count && set->list[i].base < end; i++) {
        total += (set->list[i].end < end ? set->list[i].end : end) - set->list[i].base;
    }
    return total;
}

uint64_t ranges_total(const struct ranges *set) { return ranges_below(set, UINT64_MAX); }
