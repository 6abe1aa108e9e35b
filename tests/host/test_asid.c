/* SPDX-License-Identifier: MIT
 *
 * Asids: the order in which a pool gives them, generations up to the last one; every name of a pool is given exactly
 * once, and any other number finds nothing. A name is decoded here by hand: asid in bits 15:0, generation in bits
 * 31:16.
 */
#include "expect.h"
#include "pure/asid.h"
#include "random.h"
#include "suite.h"

enum { CLUSTER = 0x2a, POOLS = 16, SIZE = 64, LAST_GENERATION = 65535, STEPS = 100000, GUESSES = 500000 };

static struct asid_table table;
static struct window windows[POOLS * SIZE]; /* a different one for each asid */

static void start(void) {
    memset(&table, 0, sizeof(table));
    asid_table_init(&table, CLUSTER);
}

static uint32_t take(uint32_t pool, struct window *window) { return asid_take(&table, pool, window); }

START_TEST(test_first_round) {
    ck_assert_uint_eq(ASID_POOLS, POOLS);
    start();
    for (uint32_t pool = 0; pool < POOLS; pool++) {
        for (uint32_t asid = pool == 0 ? 1 : pool * SIZE; asid < (pool + 1) * SIZE; asid++) {
            ck_assert_uint_eq(take(pool, &windows[asid]), 1U << 16 | asid);
        }
        ck_assert_uint_eq(take(pool, &windows[0]), 0);
        ck_assert_uint_eq(take(pool, &windows[0]), 0);
    }
    for (uint32_t asid = 0; asid < POOLS * SIZE; asid++) {
        ck_assert_ptr_eq(asid_find(&table, 1U << 16 | asid), asid == 0 ? NULL : &windows[asid]);
    }
}
END_TEST

/* The model of each pool: the free asids in the order of their return, and the generation of each asid. */
static struct {
    uint32_t order[SIZE];
    uint32_t count;
} queues[POOLS];
static uint32_t generations[POOLS * SIZE];
static bool taken[POOLS * SIZE];

static void model_return(uint32_t asid) {
    uint32_t pool = asid / SIZE;
    taken[asid] = false;
    if (generations[asid] != LAST_GENERATION) {
        generations[asid]++;
        queues[pool].order[queues[pool].count++] = asid;
    }
}

/* All are free, in generation `generation`. */
static void model_start(uint32_t generation) {
    memset(queues, 0, sizeof(queues));
    memset(taken, 0, sizeof(taken));
    start();
    for (uint32_t asid = 1; asid < POOLS * SIZE; asid++) {
        table.free[asid].generation = (uint16_t)generation;
        generations[asid] = generation - 1;
        model_return(asid);
    }
}

static void expect_take(uint32_t pool) {
    uint32_t asid = queues[pool].order[0];
    if (queues[pool].count == 0) {
        EXPECT(take(pool, &windows[0]) == 0);
        return;
    }
    memmove(&queues[pool].order[0], &queues[pool].order[1], --queues[pool].count * sizeof(queues[pool].order[0]));
    taken[asid] = true;
    EXPECT(take(pool, &windows[asid]) == (generations[asid] << 16 | asid));
    EXPECT(asid_find(&table, generations[asid] << 16 | asid) == &windows[asid]);
    EXPECT(table.entries[asid].key == ((uint64_t)generations[asid] << 22 | asid << 6 | CLUSTER));
}

static void give(uint32_t asid) {
    uint32_t name = generations[asid] << 16 | asid;
    asid_give(&table, name);
    model_return(asid);
    EXPECT(asid_find(&table, name) == NULL);
    EXPECT(asid_find(&table, generations[asid] << 16 | asid) == NULL);
    EXPECT(table.entries[asid].key >> 38 != 0); /* no cap address has such a key: also not asid 0 of cluster 0 */
}

/* Takes and returns in random order, from few in use to all; asids run out of generations meanwhile. */
static void any_order(uint32_t generation, uint32_t steps, uint64_t state) {
    model_start(generation);
    for (uint32_t step = 0; step < steps; step++) {
        uint32_t asid = (uint32_t)random_below(&state, (uint64_t)POOLS * SIZE);
        bool grow = random_below(&state, 4) < step * 4 / steps;
        if (taken[asid] && !grow) {
            give(asid);
        } else {
            expect_take(asid / SIZE);
        }
    }
}

START_TEST(test_any_order) {
    any_order(1, STEPS, 41);
    any_order(1000, STEPS, 43);
    any_order(LAST_GENERATION - 3, STEPS, 47);
}
END_TEST

/* A pool that was empty: the asid that is returned first is given first. */
START_TEST(test_from_empty) {
    model_start(1);
    for (uint32_t i = 0; i < SIZE; i++) {
        expect_take(5);
    }
    expect_take(5);
    give(5 * SIZE + 9);
    expect_take(5);
    give(5 * SIZE + 63);
    give(5 * SIZE);
    give(5 * SIZE + 9);
    for (uint32_t i = 0; i < 4; i++) {
        expect_take(5);
    }
}
END_TEST

/* Takes every name of `pool`, while `kept` asids stay in use at any time. */
static void use_up(uint32_t pool, uint32_t kept) {
    static uint8_t given[SIZE][LAST_GENERATION + 1];
    uint64_t names = 0;
    uint32_t in_use[SIZE];
    uint32_t count = 0;
    memset(given, 0, sizeof(given));
    start();
    for (uint32_t turn = 0;; turn++) {
        uint32_t name = count == SIZE ? 0 : take(pool, &windows[1]);
        if (name == 0 && count == 0) {
            break;
        }
        if (name != 0) {
            EXPECT((name & 0xffff) / SIZE == pool && name >> 16 != 0);
            EXPECT(given[name % SIZE][name >> 16]++ == 0);
            in_use[count++] = name;
            names++;
        }
        while (count > (name == 0 ? 0 : kept)) {
            uint32_t at = turn % count; /* not in the order in which they were taken */
            asid_give(&table, in_use[at]);
            in_use[at] = in_use[--count];
        }
    }
    ck_assert_uint_eq(names, (pool == 0 ? SIZE - 1 : SIZE) * (uint64_t)LAST_GENERATION);
    ck_assert_uint_eq(take(pool, &windows[1]), 0);
    ck_assert_uint_ne(take((pool + 1) % POOLS, &windows[1]), 0);
}

START_TEST(test_no_name_twice) {
    use_up(0, 0);
    use_up(7, 40);
    use_up(POOLS - 1, SIZE - 1);
}
END_TEST

/* asid_find() finds `number` if it is a name in use, else nothing. */
static void expect_found(uint32_t number) {
    uint32_t asid = number & 0xffff;
    bool is_name = asid < POOLS * SIZE && taken[asid] && generations[asid] == number >> 16;
    EXPECT(asid_find(&table, number) == (is_name ? &windows[asid] : NULL));
}

START_TEST(test_find_any_number) {
    static const uint32_t near[] = {0, 1, 2, 3, 4, 0x8000, LAST_GENERATION - 1, LAST_GENERATION};
    uint64_t state = 53;
    model_start(LAST_GENERATION);
    for (uint32_t i = 0; i < POOLS * 40; i++) { /* some are free, ... */
        expect_take(i % POOLS);
    }
    for (uint32_t asid = 1; asid < POOLS * SIZE; asid += 2) { /* ... some retired, some taken */
        if (taken[asid]) {
            give(asid);
        }
    }
    for (uint32_t asid = 0; asid <= 0xffff; asid++) {
        for (size_t i = 0; i < R4_COUNT(near); i++) {
            expect_found(near[i] << 16 | asid);
        }
    }
    for (uint32_t asid = 0; asid < POOLS * SIZE; asid++) {
        for (uint32_t bit = 0; bit < 32; bit++) {
            expect_found((generations[asid] << 16 | asid) ^ 1U << bit);
        }
    }
    for (uint32_t i = 0; i < GUESSES; i++) {
        expect_found((uint32_t)(random_next(&state) >> 32));
    }
}
END_TEST

SUITE_MAIN("asid", test_first_round, test_any_order, test_from_empty, test_no_name_twice, test_find_any_number)
