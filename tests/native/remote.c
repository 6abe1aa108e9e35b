/* SPDX-License-Identifier: MIT
 *
 * Hand-off and revoke between two cores. The driver is cluster 0's program; the peer's does what it orders, through
 * lines of their own that no kernel knows.
 */
#include "measure.h"
#include "program.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PINGS     9U    /* the first one is not counted: the ball may be anywhere */
#define SETTLE    4000U /* ticks until the peer's core has nothing more to do */
#define PEER      1U
#define UNTYPED   0U /* slots: what is lent; there: the receive slot, and what is made */
#define OBJECTS   1U
#define SIZE_LOG2 21U

enum order { ORDER_PING = 1, ORDER_POST, ORDER_MAKE, ORDER_SLEEP, ORDER_END };

static struct {
    _Alignas(NATIVE_LINE) _Atomic uint64_t ordered; /* number << 32 | order << 16 | argument; the driver */
    _Alignas(NATIVE_LINE) _Atomic uint64_t taken; /* number of the last one that the peer has done, or begun to sleep */
    _Alignas(NATIVE_LINE) _Atomic uint64_t ball;  /* odd: the peer's turn; even: the driver's */
} table;

struct sample {
    uint64_t round_trip;
    uint64_t ticks;
};

/* --- the peer --- */

static void pings_answer(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t ball;
        while ((ball = atomic_load_explicit(&table.ball, memory_order_acquire)) % 2 == 0) {
            machine_relax();
        }
        atomic_store_explicit(&table.ball, ball + 1, memory_order_release);
    }
}

static void order_do(struct native_core *core, enum order order, uint64_t argument, uint64_t milestone) {
    if (order == ORDER_POST) {
        program_post(core, 0, program_slot(core, UNTYPED));
    } else if (order == ORDER_MAKE && argument != 0) {
        program_frames(core, program_slot(core, UNTYPED), (uint32_t)argument, program_slot(core, OBJECTS));
    } else if (order == ORDER_SLEEP) {
        program_wait(core, 0, milestone);
    }
}

static void *peer_run(void *argument) {
    struct native_core *core = argument;
    uint64_t seen = 0;
    native_start(core);
    for (enum order order = ORDER_PING; order != ORDER_END;) {
        uint64_t ordered = atomic_load_explicit(&table.ordered, memory_order_acquire);
        uint64_t number = ordered >> 32;
        if (number == seen) {
            native_turn(core);
            continue;
        }
        seen = number;
        order = (enum order)(ordered >> 16 & 0xffff);
        bool begins = order == ORDER_PING || order == ORDER_SLEEP; /* the driver goes on meanwhile */
        if (begins) {
            atomic_store_explicit(&table.taken, number, memory_order_release);
        }
        if (order == ORDER_PING) {
            pings_answer(ordered & 0xffff);
        }
        order_do(core, order, ordered & 0xffff, number); /* the milestone that ends a sleep is the order's number */
        if (!begins) {
            atomic_store_explicit(&table.taken, number, memory_order_release);
        }
    }
    return NULL;
}

/* --- the driver --- */

static uint64_t orders;

static void order(struct native_core *core, enum order what, uint64_t argument) {
    orders++;
    uint64_t ordered = orders << 32 | (uint64_t)what << 16 | argument;
    atomic_store_explicit(&table.ordered, ordered, memory_order_release);
    while (atomic_load_explicit(&table.taken, memory_order_acquire) != orders) {
        native_turn(core);
    }
}

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* The median of some round trips of a bare line, just now. */
static uint64_t round_trip(struct native_core *core) {
    uint64_t ticks[PINGS];
    order(core, ORDER_PING, PINGS);
    for (uint32_t i = 0; i < PINGS; i++) {
        uint64_t begin = machine_now();
        uint64_t ball = atomic_load_explicit(&table.ball, memory_order_relaxed);
        atomic_store_explicit(&table.ball, ball + 1, memory_order_release);
        while (atomic_load_explicit(&table.ball, memory_order_acquire) != ball + 2) {
            machine_relax();
        }
        ticks[i] = machine_now() - begin;
    }
    qsort(&ticks[1], PINGS - 1, sizeof(*ticks), compare);
    return ticks[1 + (PINGS - 1) / 2];
}

static void settle(void) {
    uint64_t begin = machine_now();
    while (machine_now() - begin < SETTLE) {
        machine_relax();
    }
}

/* The peer's thread sleeps, and its core halts. */
static void peer_sleeps(struct native_core *core) {
    order(core, ORDER_SLEEP, 0);
    while (native_in_user_mode(&native.cores[1])) {
        machine_relax();
    }
    settle();
}

static void peer_wakes(struct native_core *core) { program_milestone(core, orders); }

static struct sample handoff_sample(struct native_core *core, uint64_t untyped) {
    struct sample sample = {round_trip(core), 0};
    order(core, ORDER_POST, 0);
    peer_sleeps(core);
    uint64_t begin = machine_now();
    program_handoff(core, PEER, untyped);
    sample.ticks = machine_now() - begin;
    peer_wakes(core);
    return sample;
}

static struct sample revoke_sample(struct native_core *core, uint64_t untyped, uint32_t objects) {
    order(core, ORDER_MAKE, objects);
    struct sample sample = {round_trip(core), 0};
    peer_sleeps(core);
    uint64_t begin = machine_now();
    program_revoke(core, untyped);
    sample.ticks = machine_now() - begin;
    peer_wakes(core);
    return sample;
}

static void samples_print(const char *name, const struct sample *samples, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        printf("%s %lu %lu\n", name, samples[i].round_trip, samples[i].ticks);
    }
}

void measure_remote(uint32_t objects, uint32_t rounds) {
    static struct sample handoffs[MEASURE_ROUNDS];
    static struct sample revokes[MEASURE_ROUNDS];
    struct native_core *core = &native.cores[0];
    pthread_t peer;
    if (rounds > MEASURE_ROUNDS || objects > MEASURE_OBJECTS ||
        pthread_create(&peer, NULL, peer_run, &native.cores[1]) != 0) {
        native_fail("too many rounds or objects, or no thread:", rounds);
    }
    native_start(core);
    while (core->copy->cluster->peers[PEER]->state != PEER_UP) {
        native_turn(core);
    }
    uint64_t untyped = program_slot(core, UNTYPED);
    program_create(core, R4_CAP_UNTYPED, SIZE_LOG2, 0, untyped);
    for (uint32_t i = 0; i < rounds; i++) {
        handoffs[i] = handoff_sample(core, untyped);
        revokes[i] = revoke_sample(core, untyped, objects);
    }
    order(core, ORDER_END, 0);
    pthread_join(peer, NULL);
    samples_print("handoff", handoffs, rounds);
    samples_print("revoke", revokes, rounds);
}
