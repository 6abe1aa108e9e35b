/* SPDX-License-Identifier: MIT
 *
 * The model of caches by which tests/boot/line_counter.c counts: small programs, counted by hand.
 */
#include "coherence.h"
#include "suite.h"

#define NUMBER 5U /* of a line */

static struct coherence model;

static void start(void) {
    coherence_end(&model);
    ck_assert(coherence_start(&model));
}

/* One access to line NUMBER, and what it has to do. */
static void expect(unsigned processor, bool store, enum line_move move, unsigned from) {
    struct line_event event = coherence_access(&model, processor, NUMBER, store);
    ck_assert_int_eq(event.move, move);
    if (move != LINE_STAYS) {
        ck_assert_uint_eq(event.from, from);
    }
}
static void reads(unsigned processor, enum line_move move, unsigned from) { expect(processor, false, move, from); }
static void writes(unsigned processor, enum line_move move, unsigned from) { expect(processor, true, move, from); }

/* Each state of a line, for who has it and for who has not. */
START_TEST(test_states) {
    start();
    reads(0, LINE_STAYS, 0); /* from memory: exclusive */
    reads(0, LINE_STAYS, 0);
    writes(0, LINE_STAYS, 0); /* modified */
    reads(0, LINE_STAYS, 0);
    reads(1, LINE_READ, 0); /* shared */
    reads(2, LINE_READ, 0);
    reads(0, LINE_STAYS, 0);
    writes(1, LINE_UPGRADE, 0); /* modified there */
    writes(1, LINE_STAYS, 0);
    reads(0, LINE_READ, 1);
    writes(2, LINE_FETCH, 0); /* from both that share it: told is the first */
    writes(0, LINE_FETCH, 2); /* modified: from the one that has it */
}
END_TEST

START_TEST(test_first_write) {
    start();
    writes(3, LINE_STAYS, 0); /* from memory */
    writes(2, LINE_FETCH, 3);
    reads(3, LINE_READ, 2);
}
END_TEST

static unsigned moves_of(unsigned processor, uint64_t number, bool store) {
    return coherence_access(&model, processor, number, store).move != LINE_STAYS;
}

/* A word that two processors write in turn while the other one looks: the writer needs the line for itself, the other
 * one a copy of it. Looking again is free. Four moves a round trip, but for the first, whose line comes from memory. */
START_TEST(test_ping_pong) {
    enum { ROUND_TRIPS = 10, LOOKS = 3 };
    start();
    unsigned moves = 0;
    for (unsigned i = 0; i < 2 * ROUND_TRIPS; i++) {
        moves += moves_of(i % 2, NUMBER, true);
        for (unsigned look = 0; look < LOOKS; look++) {
            moves += moves_of(1 - i % 2, NUMBER, false);
        }
    }
    ck_assert_uint_eq(moves, 4 * ROUND_TRIPS - 1);
}
END_TEST

/* A message in a line of its own and a head that is written for each: two lines, two moves each. */
START_TEST(test_ring) {
    enum { MESSAGES = 100, SLOTS = 8, HEAD = 1000 };
    start();
    unsigned moves = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        unsigned before = moves;
        moves += moves_of(0, HEAD, false); /* is there room? */
        moves += moves_of(0, i % SLOTS, true);
        moves += moves_of(1, i % SLOTS, false);
        moves += moves_of(1, HEAD, true);
        if (i >= SLOTS) { /* each line has been there before */
            ck_assert_uint_eq(moves - before, 4);
        }
    }
}
END_TEST

/* Processors 0 and 1 are a cluster, 2 and 3 are one. */
START_TEST(test_clusters) {
    start();
    coherence_cluster(&model, 3);
    coherence_cluster(&model, 12);
    writes(0, LINE_STAYS, 0);
    reads(2, LINE_READ, 0);
    reads(3, LINE_READ, 2);     /* its neighbour has it: nothing moves between clusters */
    reads(1, LINE_READ, 0);     /* there, too */
    writes(1, LINE_UPGRADE, 2); /* but the others have to drop it */
    writes(0, LINE_FETCH, 1);   /* and this stays inside */
}
END_TEST

/* More lines than the table has at first, and every one is still known. */
START_TEST(test_many_lines) {
    enum { LINES = 300000 };
    start();
    for (uint64_t number = 0; number < LINES; number++) {
        ck_assert_uint_eq(moves_of(0, number << 20 | number, true), 0);
    }
    for (uint64_t number = 0; number < LINES; number++) {
        ck_assert_uint_eq(moves_of(63, number << 20 | number, false), 1);
    }
}
END_TEST

SUITE_MAIN("coherence", test_states, test_first_write, test_ping_pong, test_ring, test_clusters, test_many_lines)
