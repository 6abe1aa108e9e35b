/* SPDX-License-Identifier: MIT
 *
 * Which loans a range of memory is part of. A cluster has one map of all ranges that it has lent or received; the
 * entries are in the loan records. A range is a power of two, aligned to its size, so of two ranges one contains the
 * other, or they have nothing in common. A range may be there several times: handed back, it is a loan inside its own
 * loan, and only the innermost can leave.
 *
 * The map is a binary tree, in which the bits of the address, from the highest that there is RAM for, are the way down.
 * No range is below a smaller one. So all ranges around a given one are on its way, the larger above the smaller. The
 * way is no longer than an address has bits above 2 MiB, LOAN_MAP_DEPTH in the largest machine, and than there are
 * ranges. All functions need the cluster lock.
 */
#ifndef R4_PURE_LOAN_MAP_H
#define R4_PURE_LOAN_MAP_H

#include <r4/layout.h>

#define LOAN_MAP_BITS  45U /* of an address below R4_PHYS_MAX */
#define LOAN_MAP_DEPTH (LOAN_MAP_BITS - R4_LARGE_BITS + 1)
_Static_assert(R4_PHYS_MAX >> LOAN_MAP_BITS == 1, "the way down begins with the highest bit");

struct loan_range {
    phys_t base;
    uint32_t size_log2;           /* R4_LARGE_BITS or more */
    bool received;                /* in a struct loan_in; else in a struct loan_out */
    struct loan_range *branch[2]; /* of the innermost of its range: below it, by the next bit of the address */
    struct loan_range *outer;     /* the same range, around it */
};

struct loan_map {
    struct loan_range *top;
    uint32_t bits; /* of an address; written once */
};

/* What is known about a range. */
struct loan_place {
    struct loan_range *around; /* the innermost loan that contains all of it, or null */
    bool has_inside;           /* there are smaller loans inside it */
};

/* An empty map, for memory below `end`: more than 2 MiB, R4_PHYS_MAX at most. */
void loan_map_init(struct loan_map *map, phys_t end);

/* The range, below `end` and aligned to its size, need not be in the map. */
struct loan_place loan_map_find(const struct loan_map *map, phys_t base, uint32_t size_log2);

/* Adds an entry, inside all entries of the same range; base and size are set. */
void loan_map_add(struct loan_map *map, struct loan_range *range);

/* Removes an entry. False, and nothing is changed, if something is lent or received inside it. */
bool loan_map_remove(struct loan_map *map, struct loan_range *range);

#endif
