/* SPDX-License-Identifier: MIT
 *
 * Sets of physical addresses: disjoint, ascending ranges, neighbours merged. A set is never cut short: an operation
 * whose result does not fit into the array returns false, and the caller stops the boot.
 */
#ifndef R4_BOOT_RANGES_H
#define R4_BOOT_RANGES_H

#include <r4/types.h>

#define RANGES_MAX 512U

struct range {
    phys_t base;
    phys_t end; /* first address after it, above base */
};

struct ranges {
    uint32_t count;
    struct range list[RANGES_MAX];
};

static inline uint64_t range_size(const struct range *range) { return range->end - range->base; }

/* Adds or takes away [base, end); nothing if end <= base. */
bool ranges_add(struct ranges *set, phys_t base, phys_t end);
bool ranges_remove(struct ranges *set, phys_t base, phys_t end);

/* *out = what is in both; out is neither a nor b. */
bool ranges_intersect(const struct ranges *a, const struct ranges *b, struct ranges *out);

/* Takes all of b away from a. */
bool ranges_subtract(struct ranges *a, const struct ranges *b);

/* True if some address of [base, end) is in the set. */
bool ranges_meet(const struct ranges *set, phys_t base, phys_t end);

/* Bytes in the set, or those of them below `end`. */
uint64_t ranges_total(const struct ranges *set);
uint64_t ranges_below(const struct ranges *set, phys_t end);

#endif
