/* SPDX-License-Identifier: MIT
 *
 * The map of loans, compared with a list that is searched from end to end: all ranges of a few pages in every order,
 * then many ranges of all sizes, nested and repeated.
 */
#include "pure/loan_map.h"
#include "random.h"
#include "suite.h"

#define MODEL 600U

static struct loan_map map;
static struct loan_range ranges[MODEL];
static uint32_t order[MODEL]; /* of what is in the map: when it was added; 0: it is not there */
static uint32_t added;
static uint32_t model; /* ranges in use */

static bool is_there(uint32_t i) { return order[i] != 0; }

static bool contains(const struct loan_range *range, phys_t base, uint32_t size_log2) {
    return base >= range->base && base + (1ULL << size_log2) <= range->base + (1ULL << range->size_log2);
}

/* The smallest around it, of equals the last that was added. */
static struct loan_place expected(phys_t base, uint32_t size_log2) {
    struct loan_place place = {NULL, false};
    uint32_t last = 0;
    for (uint32_t i = 0; i < model; i++) {
        struct loan_range *range = &ranges[i];
        if (!is_there(i)) {
            continue;
        }
        if (contains(range, base, size_log2)) {
            bool inner = place.around == NULL || range->size_log2 < place.around->size_log2 ||
                         (range->size_log2 == place.around->size_log2 && order[i] > last);
            place.around = inner ? range : place.around;
            last = inner ? order[i] : last;
        } else if (range->base >= base && range->base < base + (1ULL << size_log2)) {
            place.has_inside = true;
        }
    }
    return place;
}

static void expect_found(phys_t base, uint32_t size_log2) {
    struct loan_place place = expected(base, size_log2);
    struct loan_place found = loan_map_find(&map, base, size_log2);
    if (found.around != place.around || found.has_inside != place.has_inside) { /* an assertion would take longer */
        ck_abort_msg("%lx of 2^%u: around %p and %d, not %p and %d", base, size_log2, (void *)found.around,
                     found.has_inside, (void *)place.around, place.has_inside);
    }
}

/* Entries in the tree, without those that are inside of others of the same range. */
static uint32_t tree_check(const struct loan_range *at, uint32_t depth) {
    uint32_t count = 1;
    ck_assert_uint_le(depth, LOAN_MAP_DEPTH);
    for (uint32_t i = 0; i < 2; i++) {
        const struct loan_range *below = at->branch[i];
        if (below != NULL) {
            uint32_t bit = map.bits - depth;
            ck_assert_uint_le(below->size_log2, at->size_log2);
            ck_assert_uint_eq(below->base >> bit & 1, i);
            ck_assert_uint_eq(below->base >> bit >> 1, at->base >> bit >> 1);
            count += tree_check(below, depth + 1);
        }
    }
    return count;
}

static void expect_all(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < model; i++) {
        if (!is_there(i)) {
            continue;
        }
        struct loan_place place = expected(ranges[i].base, ranges[i].size_log2);
        count += place.around == &ranges[i];
        expect_found(ranges[i].base, ranges[i].size_log2);
        if (place.around != &ranges[i] || place.has_inside) {
            ck_assert(!loan_map_remove(&map, &ranges[i]));
        }
    }
    ck_assert_uint_eq(map.top == NULL ? 0 : tree_check(map.top, 1), count);
}

static void add(uint32_t i) {
    loan_map_add(&map, &ranges[i]);
    order[i] = ++added;
}

/* It leaves, unless something is inside it. */
static void take_out(uint32_t i) {
    struct loan_place place = expected(ranges[i].base, ranges[i].size_log2);
    bool leaves = place.around == &ranges[i] && !place.has_inside;
    if (loan_map_remove(&map, &ranges[i]) != leaves) {
        ck_abort_msg("range %u leaves: %d", i, !leaves);
    }
    order[i] = leaves ? 0 : order[i];
}

static void range_is(uint32_t i, uint64_t page, uint32_t size_log2) {
    model = i < model ? model : i + 1;
    ranges[i] = (struct loan_range){.base = page << R4_LARGE_BITS, .size_log2 = size_log2};
}

START_TEST(test_empty) {
    loan_map_init(&map, R4_PHYS_MAX);
    expect_found(0, R4_LARGE_BITS);
    expect_found(R4_PHYS_MAX - R4_LARGE_SIZE, R4_LARGE_BITS);
    ck_assert_ptr_null(loan_map_find(&map, 0, LOAN_MAP_BITS).around);
}
END_TEST

/* The highest bit is that of the last page. */
START_TEST(test_bits) {
    for (uint32_t bits = R4_LARGE_BITS + 1; bits <= LOAN_MAP_BITS; bits++) {
        loan_map_init(&map, 1ULL << bits);
        ck_assert_uint_eq(map.bits, bits);
        if (bits < LOAN_MAP_BITS) {
            loan_map_init(&map, (1ULL << bits) + R4_LARGE_SIZE);
            ck_assert_uint_eq(map.bits, bits + 1);
        }
    }
}
END_TEST

/* The seven ranges of the `first` page and the next three, in each of 5,040 orders in which they come, and out in
 * another order. */
static void expect_every_order(uint64_t first) {
    for (uint32_t i = 0; i < 4; i++) {
        range_is(i, first + i, R4_LARGE_BITS);
    }
    range_is(4, first, R4_LARGE_BITS + 1);
    range_is(5, first + 2, R4_LARGE_BITS + 1);
    range_is(6, first, R4_LARGE_BITS + 2);
    for (uint32_t turn = 0; turn < 5040; turn++) {
        uint32_t left[7] = {0, 1, 2, 3, 4, 5, 6};
        uint32_t drawn[7];
        for (uint32_t i = 0, rest = turn; i < 7; rest /= 7 - i, i++) {
            uint32_t at = rest % (7 - i);
            drawn[i] = left[at];
            left[at] = left[6 - i];
        }
        for (uint32_t i = 0; i < 7; i++) {
            add(drawn[i]);
            for (uint32_t n = 0; n < 7; n++) {
                expect_found(ranges[n].base, ranges[n].size_log2);
            }
        }
        expect_all();
        for (uint32_t i = 0; i < 3 * 7; i++) { /* three rounds: what is inside something leaves first */
            uint32_t out = drawn[(i * 3 + turn) % 7];
            if (!is_there(out)) {
                continue;
            }
            take_out(out);
            for (uint32_t n = 0; n < 7; n++) {
                expect_found(ranges[n].base, ranges[n].size_log2);
            }
        }
        ck_assert_ptr_null(map.top);
    }
}

START_TEST(test_every_order_of_four_pages) {
    loan_map_init(&map, 4 * R4_LARGE_SIZE); /* there is nothing else */
    expect_every_order(0);
    loan_map_init(&map, R4_PHYS_MAX);
    expect_every_order(0xf00);
}
END_TEST

/* Handed back and forth: the same range eight times, each inside the one before. */
START_TEST(test_loans_inside_themselves) {
    loan_map_init(&map, 0x50 * R4_LARGE_SIZE);
    for (uint32_t i = 0; i < 8; i++) {
        range_is(i, 0x40, R4_LARGE_BITS + 3);
        ranges[i].received = i % 2 != 0;
    }
    range_is(8, 0x44, R4_LARGE_BITS + 2);
    add(8); /* before those around it */
    for (uint32_t i = 0; i < 8; i++) {
        add(i);
        expect_all();
    }
    take_out(8);
    for (uint32_t i = 8; i-- > 0;) {
        take_out(i);
        expect_all();
    }
}
END_TEST

/* Sizes from 2 MiB to 1 GiB near each other and far away, many of them twice. */
START_TEST(test_many) {
    uint64_t random = 9;
    loan_map_init(&map, R4_PHYS_MAX);
    for (uint32_t i = 0; i < MODEL; i++) {
        uint32_t more = (uint32_t)random_below(&random, 10);
        uint64_t page = random_below(&random, 4) == 0 ? random_below(&random, R4_PHYS_MAX / R4_LARGE_SIZE)
                                                      : 0x1000 + random_below(&random, 1024);
        range_is(i, page >> more << more, R4_LARGE_BITS + more);
    }
    for (uint32_t turn = 0; turn < 10000; turn++) {
        uint32_t i = (uint32_t)random_below(&random, MODEL);
        if (!is_there(i)) {
            add(i);
        } else {
            take_out(i);
        }
        uint32_t other = (uint32_t)random_below(&random, MODEL);
        expect_found(ranges[other].base, ranges[other].size_log2);
        if (turn % 2000 == 0) {
            expect_all();
        }
    }
}
END_TEST

SUITE_MAIN("loan map", test_empty, test_bits, test_every_order_of_four_pages, test_loans_inside_themselves, test_many)
