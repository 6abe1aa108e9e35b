/* SPDX-License-Identifier: MIT
 *
 * Rounds and loops.
 */
#include "suite/race.h"
#include "lib/x86/clock.h"
#include "suite/workers.h"
#include <r4/string.h>
#include <stdatomic.h>

#define ROUNDS_MIN 5U
#define ROUNDS_MAX 3000U
#define ROUNDS_US  300000U /* after which a case ends, if it has had ROUNDS_MIN */
#define MET_US     10000000U
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

uint32_t race_won(void) { return atomic_load(&race.won); }
uint32_t race_wrong(void) { return atomic_load(&race.wrong); }

static uint32_t turns(void) { return race_won() + race_wrong() + atomic_load(&race.lost); }

static void begin(bool in_rounds, void (*entry)(uint64_t number)) {
    race.begin = r4_ticks();
    race.rounds = 0;
    race.in_rounds = in_rounds;
    memset(race.last, 0, sizeof(race.last));
    atomic_store(&race.round, 0);
    atomic_store(&race.stop, false);
    atomic_store(&race.won, 0);
    atomic_store(&race.lost, 0);
    atomic_store(&race.wrong, 0);
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
    atomic_store(&race.arrived, 0);
    atomic_store(&race.won, 0);
    atomic_store_explicit(&race.round, race.rounds, memory_order_release);
}

void race_round_end(void) {
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
        atomic_fetch_add_explicit(&race.arrived, 1, memory_order_release);
    }
    while ((round = atomic_load_explicit(&race.round, memory_order_acquire)) == last) {
        r4_pause();
    }
    race.last[number] = round;
    return round != LAST_ROUND;
}

/* --- loops --- */

void race_begin_loop(void (*entry)(uint64_t number)) { begin(false, entry); }

void race_end_loop(void) {
    atomic_store(&race.stop, true);
    workers_wait();
}

void race_next(uint64_t number) {
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
