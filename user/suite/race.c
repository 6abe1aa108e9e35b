/* SPDX-License-Identifier: MIT
 *
 * Rounds and loops. What the cores share is atomic: `round` and `arrived` order the rest (below); the others are counts
 * and a flag that are only watched, so relaxed.
 */
#include "suite/race.h"
#include "lib/print.h"
#include "lib/x86/clock.h"
#include "suite/workers.h"
#include <r4/string.h>
#include <stdatomic.h>

#define ROUNDS_MIN 5U
#define ROUNDS_MAX 3000U
#define ROUNDS_US  300000U /* then a case ends, if it has had ROUNDS_MIN rounds */
#define MET_US     30000000U
#define LAST_ROUND UINT32_MAX

static struct {
    uint64_t begin; /* r4_ticks() */
    uint32_t rounds;
    bool in_rounds;
    uint32_t last[1 + WORKERS_MAX]; /* the last round of each worker, which alone uses it; 0: none */
    _Atomic uint32_t round;         /* LAST_ROUND: there is no other */
    _Atomic uint32_t arrived;
    _Atomic bool stop;
    _Atomic uint32_t won;
    _Atomic uint32_t lost;
    _Atomic uint32_t wrong;
} race;

void race_tell(bool won, bool lost) {
    atomic_fetch_add_explicit(won ? &race.won : lost ? &race.lost : &race.wrong, 1, memory_order_relaxed);
}

uint32_t race_won(void) { return atomic_load_explicit(&race.won, memory_order_relaxed); }
uint32_t race_wrong(void) { return atomic_load_explicit(&race.wrong, memory_order_relaxed); }

static uint32_t turns(void) {
    return race_won() + race_wrong() + atomic_load_explicit(&race.lost, memory_order_relaxed);
}

static void begin(bool in_rounds, void (*entry)(uint64_t number)) {
    race.begin = r4_ticks();
    race.rounds = 0;
    race.in_rounds = in_rounds;
    memset(race.last, 0, sizeof(race.last));
    atomic_store_explicit(&race.round, 0, memory_order_relaxed);
    atomic_store_explicit(&race.stop, false, memory_order_relaxed);
    atomic_store_explicit(&race.won, 0, memory_order_relaxed);
    atomic_store_explicit(&race.lost, 0, memory_order_relaxed);
    atomic_store_explicit(&race.wrong, 0, memory_order_relaxed);
    workers_start(entry);
}

bool race_another(void) {
    bool in_time = r4_ticks() - race.begin < r4_ticks_of_us(ROUNDS_US);
    bool more = race.rounds < ROUNDS_MIN || (race.rounds < ROUNDS_MAX && in_time);
    race.rounds += more;
    return more;
}

bool race_another_until(bool met) {
    return race_another() || (!met && r4_ticks() - race.begin < r4_ticks_of_us(MET_US));
}

/* --- rounds --- */

void race_begin_rounds(void (*entry)(uint64_t number)) { begin(true, entry); }

void race_round_begin(void) {
    atomic_store_explicit(&race.arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&race.won, 0, memory_order_relaxed);
    atomic_store_explicit(&race.round, race.rounds, memory_order_release); /* see round_next() */
}

void race_round_end(void) {
    /* Acquire: with the release in round_next(), so that the main thread finds what the turns did. */
    while (atomic_load_explicit(&race.arrived, memory_order_acquire) != workers_size()) {
        r4_pause();
    }
}

void race_end_rounds(void) {
    atomic_store_explicit(&race.round, LAST_ROUND, memory_order_release);
    workers_wait();
}

/* Ends the worker's round, if there was one, and waits for the next. False: there is none. */
static bool round_next(uint64_t number) {
    uint32_t last = race.last[number];
    uint32_t round;
    if (last != 0) {
        atomic_fetch_add_explicit(&race.arrived, 1, memory_order_release); /* see race_round_end() */
    }
    /* Acquire: with the release in race_round_begin() and race_end_rounds(); the round finds what was prepared. */
    while ((round = atomic_load_explicit(&race.round, memory_order_acquire)) == last) {
        r4_pause();
    }
    race.last[number] = round;
    return round != LAST_ROUND;
}

/* --- loops --- */

void race_begin_loop(void (*entry)(uint64_t number)) { begin(false, entry); }

void race_end_loop(void) {
    atomic_store_explicit(&race.stop, true, memory_order_relaxed);
    workers_wait();
}

void race_next(uint64_t number) {
    require(number >= 1 && number <= WORKERS_MAX, "the number of a worker");
    bool more = race.in_rounds ? round_next(number) : !atomic_load_explicit(&race.stop, memory_order_relaxed);
    if (!more) {
        workers_end(number);
    }
}

void race_wait_turns(uint32_t more) {
    for (uint32_t before = turns(); turns() - before < more;) {
        r4_pause();
    }
}
