/* SPDX-License-Identifier: MIT
 *
 * Sets of addresses, held against a bitmap: random adds and removes, intersections, and the full set.
 */
#include "core/ranges.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

enum { UNIVERSE = 200, ROUNDS = 20000 };

static struct ranges set;
static struct ranges other;
static struct ranges both;
static bool bits[UNIVERSE];
static bool other_bits[UNIVERSE];

static void expect_canonical(const struct ranges *ranges) {
    bool good = true;
    for (uint32_t i = 0; i < ranges->count; i++) {
        good &= ranges->list[i].base < ranges->list[i].end;
        good &= i == 0 || ranges->list[i - 1].end < ranges->list[i].base;
    }
    ck_assert(good);
}

static void expect_equal(const struct ranges *ranges, const bool *expected) {
    uint64_t total = 0;
    phys_t wrong = UNIVERSE;
    expect_canonical(ranges);
    for (phys_t at = 0; at < UNIVERSE; at++) { /* one assertion for all: each of Check's writes to a file */
        wrong = ranges_meet(ranges, at, at + 1) == expected[at] ? wrong : at;
        total += expected[at];
    }
    ck_assert_uint_eq(wrong, UNIVERSE);
    ck_assert_uint_eq(ranges_total(ranges), total);
}

/* One random change of a set and of its bitmap; an empty or backward range now and then. */
static void change(struct ranges *ranges, bool *expected) {
    phys_t base = (phys_t)rand() % UNIVERSE;
    phys_t end = rand() % 8 == 0 ? (phys_t)rand() % UNIVERSE : base + (phys_t)rand() % 12;
    bool add = rand() % 2;
    end = end < UNIVERSE ? end : UNIVERSE;
    ck_assert(add ? ranges_add(ranges, base, end) : ranges_remove(ranges, base, end));
    for (phys_t at = base; at < end; at++) {
        expected[at] = add;
    }
}

START_TEST(test_random) {
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        change(&set, bits);
        expect_equal(&set, bits);
    }
}
END_TEST

START_TEST(test_two_sets) {
    bool expected[UNIVERSE];
    srand(2);
    for (int round = 0; round < ROUNDS / 10; round++) {
        for (int i = 0; i < 5; i++) {
            change(&set, bits);
            change(&other, other_bits);
        }
        for (phys_t at = 0; at < UNIVERSE; at++) {
            expected[at] = bits[at] && other_bits[at];
        }
        ck_assert(ranges_intersect(&set, &other, &both));
        expect_equal(&both, expected);
        for (phys_t at = 0; at < UNIVERSE; at++) {
            expected[at] = bits[at] && !other_bits[at];
        }
        both = set;
        ck_assert(ranges_subtract(&both, &other));
        expect_equal(&both, expected);
    }
}
END_TEST

START_TEST(test_full) {
    for (phys_t i = 0; i < RANGES_MAX; i++) {
        ck_assert(ranges_add(&set, 4 * i, 4 * i + 3));
    }
    ck_assert(!ranges_add(&set, 4 * RANGES_MAX, 4 * RANGES_MAX + 1));
    ck_assert(ranges_add(&set, 4 * RANGES_MAX - 1, 4 * RANGES_MAX + 1)); /* touches the last one */
    ck_assert(!ranges_remove(&set, 1, 2));                               /* would split the first one */
    ck_assert(ranges_add(&set, 0, UINT64_MAX));
    ck_assert_uint_eq(set.count, 1);
}
END_TEST

START_TEST(test_ends_of_address_space) {
    ck_assert(ranges_add(&set, 0, UINT64_MAX));
    ck_assert(ranges_remove(&set, 0x1000, UINT64_MAX));
    ck_assert_uint_eq(ranges_total(&set), 0x1000);
    ck_assert(!ranges_meet(&set, 0x1000, UINT64_MAX));
    ck_assert(ranges_meet(&set, 0xfff, UINT64_MAX));
}
END_TEST

SUITE_MAIN("ranges", test_random, test_two_sets, test_full, test_ends_of_address_space)
