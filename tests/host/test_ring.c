/* SPDX-License-Identifier: MIT
 *
 * The two ends of a ring: every capacity, from positions that wrap; the words that each side sets; a hostile other
 * side; and two threads that sleep, at full speed (tsan_ring.c has them under ThreadSanitizer).
 */
#include "expect.h"
#include "ring_threads.h"

static _Alignas(R4_LINE_SIZE) uint8_t memory[sizeof(struct r4_ring) + R4_RING_SLOTS_MAX * sizeof(struct r4_message)];
static struct r4_ring *const ring = (struct r4_ring *)memory;

static const uint32_t positions[] = {0, 1, 63, 0x7fffffff, 0x80000000, 0xffffffc0, 0xfffffffe, 0xffffffff};

struct pair {
    struct ring_end producer;
    struct ring_end consumer;
};

/* Both ends at the same position; the memory is full of old bytes. */
static struct pair start(uint32_t slots, uint32_t position, uint8_t garbage) {
    struct pair pair = {{ring, slots, ~position}, {ring, slots, ~position}};
    memset(memory, garbage, sizeof(memory));
    ring_consume_from(&pair.consumer, position);
    ring_produce_from(&pair.producer, position);
    return pair;
}

static void put(struct pair *pair, uint32_t n, bool rings) {
    struct r4_message message = ring_message(n);
    EXPECT(ring_has_room(&pair->producer));
    EXPECT(ring_put(&pair->producer, &message) == rings);
}

static void take(struct pair *pair, uint32_t n, bool expected_wanted) {
    struct r4_message message;
    bool wanted = !expected_wanted;
    EXPECT(ring_take(&pair->consumer, &message, &wanted));
    EXPECT(ring_message_is(&message, n));
    EXPECT(wanted == expected_wanted);
}

static void expect_empty(struct pair *pair) {
    struct r4_message message;
    bool wanted = false;
    EXPECT(!ring_take(&pair->consumer, &message, &wanted));
}

/* Fills the ring and drains it, for more than three laps. */
static void expect_laps(uint32_t slots, uint32_t position, uint8_t garbage) {
    struct pair pair = start(slots, position, garbage);
    uint32_t sent = 0;
    uint32_t seen = 0;
    for (uint32_t lap = 0; lap < 4; lap++) {
        expect_empty(&pair);
        while (sent - seen < slots) {
            put(&pair, sent++, true);
        }
        EXPECT(!ring_has_room(&pair.producer));
        EXPECT(ring->want_slot == 2 * (position + sent) + 1);
        take(&pair, seen++, true);
        put(&pair, sent++, true);
        while (seen != sent) {
            take(&pair, seen++, false);
        }
    }
    EXPECT(pair.producer.position == position + sent && pair.consumer.position == position + sent);
    EXPECT(ring->head == position + sent);
}

START_TEST(test_laps) {
    for (uint32_t slots = 1; slots <= R4_RING_SLOTS_MAX; slots *= 2) {
        for (size_t i = 0; i < R4_COUNT(positions); i++) {
            expect_laps(slots, positions[i], 0);
            expect_laps(slots, positions[i], 0xff);
        }
    }
}
END_TEST

/* Random steps, compared with the number of messages under way. */
START_TEST(test_random) {
    uint64_t state = 41;
    for (uint32_t slots = 1; slots <= R4_RING_SLOTS_MAX; slots *= 2) {
        struct pair pair = start(slots, 0xffffffff - slots, 0);
        uint32_t sent = 0;
        uint32_t seen = 0;
        bool waits = false;
        for (int i = 0; i < 20000; i++) {
            if (random_below(&state, 2) == 0) {
                bool room = sent - seen < slots;
                EXPECT(ring_has_room(&pair.producer) == room);
                waits = waits || !room;
                struct r4_message message = ring_message(sent);
                sent += room ? 1 : 0;
                EXPECT(!room || ring_put(&pair.producer, &message));
            } else if (seen != sent) {
                take(&pair, seen++, waits);
                waits = false;
            } else {
                expect_empty(&pair);
            }
        }
    }
}
END_TEST

START_TEST(test_whole_message) {
    struct pair pair = start(1, 0xffffffff, 0xa5);
    struct r4_message message = ring_message(3);
    struct r4_message found;
    bool wanted;
    message.sequence = 0x12345678; /* the caller's sequence word does not count */
    ck_assert(ring_has_room(&pair.producer));
    ring_put(&pair.producer, &message);
    ck_assert_uint_eq(ring->slots[0].sequence, 0);
    ck_assert(ring_take(&pair.consumer, &found, &wanted));
    ck_assert(ring_message_is(&found, 3));
}
END_TEST

/* A side that starts again does not write to the other's cache line. */
START_TEST(test_own_lines_only) {
    struct pair pair = {{ring, 2, 0}, {ring, 2, 0}};
    memset(memory, 0x5a, sizeof(memory));
    ring_produce_from(&pair.producer, 7);
    ck_assert_uint_eq(ring->head, 0x5a5a5a5a);
    ck_assert_uint_eq(ring->looking, 0x5a5a5a5a);
    ck_assert_uint_eq(ring->want_slot, 0);
    ck_assert_uint_eq(pair.producer.position, 7);
    memset(memory, 0x5a, sizeof(memory));
    ring_consume_from(&pair.consumer, 7);
    ck_assert_uint_eq(ring->head, 7);
    ck_assert_uint_eq(ring->looking, 0);
    ck_assert_uint_eq(ring->want_slot, 0x5a5a5a5a);
    for (size_t i = offsetof(struct r4_ring, slots); i < sizeof(memory); i++) {
        EXPECT(memory[i] == 0x5a);
    }
}
END_TEST

/* A producer that waits is rung for the first slot that is free, and not again before it has waited anew. */
START_TEST(test_wanted_once) {
    for (size_t i = 0; i < R4_COUNT(positions); i++) {
        struct pair pair = start(4, positions[i], 0);
        for (uint32_t lap = 0; lap < 3; lap++) {
            for (uint32_t n = 0; n < 4; n++) {
                put(&pair, n, true);
            }
            EXPECT(!ring_has_room(&pair.producer));
            EXPECT(!ring_has_room(&pair.producer)); /* it wants to send something else, too */
            take(&pair, 0, true);
            take(&pair, 1, false);
            take(&pair, 2, false);
            EXPECT(ring_has_room(&pair.producer));
            take(&pair, 3, false);
        }
    }
}
END_TEST

START_TEST(test_doorbells) {
    struct pair pair = start(2, 0xffffffff, 0);
    put(&pair, 0, true); /* nobody polls yet */
    ring_look(&pair.consumer);
    ck_assert_uint_eq(ring->looking, 1);
    put(&pair, 1, false);
    ck_assert(ring_rest(&pair.consumer)); /* there is a message: the consumer must not sleep */
    ck_assert_uint_eq(ring->looking, 0);
    take(&pair, 0, false);
    take(&pair, 1, false);
    ring_look(&pair.consumer);
    ck_assert(!ring_rest(&pair.consumer));
    put(&pair, 2, true);
    ck_assert(ring_rest(&pair.consumer));
}
END_TEST

/* Whatever the peer writes into its line: unless 0 to slots - 1 messages are under way, the ring is full. */
START_TEST(test_hostile_head) {
    uint64_t state = 43;
    for (uint32_t slots = 1; slots <= R4_RING_SLOTS_MAX; slots *= 2) {
        for (uint32_t i = 0; i < 3000; i++) {
            uint32_t position = positions[i % R4_COUNT(positions)];
            struct pair pair = start(slots, position, 0);
            uint32_t under_way = i < 300 ? i - 150 : (uint32_t)random_next(&state);
            ring->head = position - under_way;
            EXPECT(ring_has_room(&pair.producer) == (under_way < slots));
            EXPECT(ring->want_slot == (under_way < slots ? 0 : 2 * position + 1));
            EXPECT(pair.producer.position == position);
        }
    }
}
END_TEST

/* Whatever the peer writes into a sequence word: exactly one value means a message, and
 * one in want_slot that the peer waits for this slot. */
START_TEST(test_hostile_sequence) {
    uint64_t state = 47;
    for (uint32_t slots = 1; slots <= R4_RING_SLOTS_MAX; slots *= 2) {
        for (uint32_t i = 0; i < 3000; i++) {
            uint32_t position = positions[i % R4_COUNT(positions)];
            struct pair pair = start(slots, position, 0);
            uint32_t ahead = i < 300 ? i - 150 : (uint32_t)random_next(&state);
            ring->slots[position & (slots - 1)].sequence = position + ahead;
            ring->want_slot = 2 * (position + slots) + ahead;
            bool wanted = false;
            struct r4_message message;
            EXPECT(ring_rest(&pair.consumer) == (ahead == 1));
            EXPECT(ring_take(&pair.consumer, &message, &wanted) == (ahead == 1));
            EXPECT(wanted == (ahead == 1));
            EXPECT(pair.consumer.position == position + (ahead == 1 ? 1 : 0));
        }
    }
}
END_TEST

/* A message of the lap before is still in its slot: it does not count in this lap. */
START_TEST(test_last_lap) {
    for (uint32_t slots = 1; slots <= R4_RING_SLOTS_MAX; slots *= 2) {
        for (size_t i = 0; i < R4_COUNT(positions); i++) {
            struct pair pair = start(slots, positions[i], 0);
            for (uint32_t n = 0; n < slots; n++) {
                put(&pair, n, true);
                take(&pair, n, false);
            }
            expect_empty(&pair);
            EXPECT(!ring_rest(&pair.consumer));
        }
    }
}
END_TEST

/* In two places a store must come before a load on each side (mailbox.h, "Sleep"). The two sides run in two threads,
 * which start at the same time, over and over: in every round at least one of them must have seen the other's store. */
struct duel {
    struct pair pair;
    _Atomic uint32_t arrived[2]; /* rounds that each side has reached */
    bool (*sides[2])(struct pair *pair);
    bool seen[2];
    uint32_t rounds;
    uint32_t missed;
};

static bool side_put(struct pair *pair) {
    struct r4_message message = {0};
    return ring_put(&pair->producer, &message);
}

static bool side_rest(struct pair *pair) { return ring_rest(&pair->consumer); }

static bool side_room(struct pair *pair) { return ring_has_room(&pair->producer); }

static bool side_take(struct pair *pair) {
    struct r4_message message;
    bool wanted = false;
    return ring_take(&pair->consumer, &message, &wanted) && wanted;
}

/* Waits until the other side has reached the same point. */
static void meet(struct duel *duel, int side) {
    uint32_t round = atomic_fetch_add(&duel->arrived[side], 1) + 1;
    for (uint32_t turns = 1; atomic_load(&duel->arrived[1 - side]) < round; turns++) {
        if (turns % 1000 == 0) {
            sched_yield();
        }
    }
}

/* Every round begins with a full or an empty ring. The other side waits meanwhile. */
static void prepare(struct pair *pair, bool full) {
    struct r4_message message = {0};
    bool wanted;
    while (ring_take(&pair->consumer, &message, &wanted)) {
    }
    if (full) {
        ring_put(&pair->producer, &message);
        ring->want_slot = 0;
    }
    ring_look(&pair->consumer);
}

static void *duel_run(struct duel *duel, int side) {
    uint64_t state = 53;
    for (uint32_t round = 0; round < duel->rounds; round++) {
        meet(duel, side);
        for (uint64_t turns = random_below(&state, 16) * (side == (int)(round & 1)); turns > 0; turns--) {
            __asm__ volatile("" ::: "memory");
        }
        duel->seen[side] = duel->sides[side](&duel->pair);
        meet(duel, side);
        if (side ==
            (int)(round / 2 & 1)) { /* by turns: which misses are possible depends on whose cache holds the lines */
            duel->missed += !duel->seen[0] && !duel->seen[1];
            prepare(&duel->pair, duel->sides[0] == side_room);
        }
    }
    return NULL;
}

static void *duel_run_0(void *duel) { return duel_run(duel, 0); }
static void *duel_run_1(void *duel) { return duel_run(duel, 1); }

static void expect_no_miss(bool (*side_0)(struct pair *), bool (*side_1)(struct pair *)) {
    static struct duel duel;
    pthread_t threads[2];
    duel = (struct duel){.pair = start(1, 0xffffff00, 0), .sides = {side_0, side_1}, .rounds = 300000};
    prepare(&duel.pair, side_0 == side_room);
    ck_assert_int_eq(pthread_create(&threads[0], NULL, duel_run_0, &duel), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, duel_run_1, &duel), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    ck_assert_uint_eq(duel.missed, 0);
}

START_TEST(test_put_against_rest) { expect_no_miss(side_put, side_rest); }
END_TEST

START_TEST(test_room_against_take) { expect_no_miss(side_room, side_take); }
END_TEST

START_TEST(test_threads_1_slot) { ring_trial(1, 0xffffffff, 30000, true); }
END_TEST

START_TEST(test_threads_2_slots) { ring_trial(2, 0xffffff00, 60000, true); }
END_TEST

START_TEST(test_threads_64_slots) { ring_trial(64, 0xffffff00, 200000, true); }
END_TEST

SUITE_MAIN("ring", test_laps, test_random, test_whole_message, test_own_lines_only, test_wanted_once, test_doorbells,
           test_hostile_head, test_hostile_sequence, test_last_lap, test_put_against_rest, test_room_against_take,
           test_threads_1_slot, test_threads_2_slots, test_threads_64_slots)
