/* SPDX-License-Identifier: MIT
 *
 * Rounds: an arena is built; its threads run until they have made their share of the calls, or until none is left that
 * could; then everything is revoked and what is free is counted.
 */
#include "fuzz/fuzz.h"
#include "fuzz/worker.h"
#include "lib/debug.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/usage.h"
#include "lib/x86/clock.h"
#include <stdatomic.h>

#define ROUND_CALLS 2000U
#define ROUND_US    400000U /* then a round ends, however many calls it has made */
#define REST_US     20000U  /* at the end of each round */
#define LOOK_US     200U    /* from one look at the threads to the next, if nothing else runs on this core */
#define LOW         50U     /* the root task's priority in a round: below the threads' */
#define MILESTONE   1U      /* this cluster has made all its calls */

struct options {
    uint64_t seed;
    uint64_t count; /* of calls */
};

static struct options options_read(void) {
    struct options options = {1, 200000};
    const char *command = r4_info()->command;
    char text[24];
    if (string_option(command, "seed", text, sizeof(text)) && string_number(text, &options.seed) == NULL) {
        fail(R4_ERR_ARGUMENT, "seed= is no number");
    }
    if (string_option(command, "count", text, sizeof(text)) && string_number(text, &options.count) == NULL) {
        fail(R4_ERR_ARGUMENT, "count= is no number");
    }
    return options;
}

static uint64_t calls_made(void) {
    uint64_t calls = 0;
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        calls += atomic_load_explicit(&worker_counts(i)->calls, memory_order_relaxed);
    }
    return calls;
}

static struct worker_counts total; /* of all rounds */

static void total_add(void) {
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        const struct worker_counts *counts = worker_counts(i);
        total.calls += counts->calls;
        total.proxies += counts->proxies;
        for (uint32_t operation = 0; operation < R4_OP_COUNT; operation++) {
            total.made[operation] += counts->made[operation];
            total.succeeded[operation] += counts->succeeded[operation];
        }
    }
}

static void total_print(uint32_t rounds) {
    for (uint32_t operation = 0; operation < R4_OP_COUNT; operation++) {
        print("fuzz: operation %u: %lu of %lu succeeded", operation, total.succeeded[operation], total.made[operation]);
    }
    print("fuzz: %lu calls in %u rounds, %lu proxies written", total.calls, rounds, total.proxies);
}

/* Threads begin on the root task's core and on one other, since an emulator may have no more processors for them. Calls
 * move them to any core. */
static uint32_t core_of(uint32_t index, uint32_t other) {
    uint32_t cores = r4_info()->core_count;
    return index % 2 == 0 || cores == 1 ? 0 : 1 + other % (cores - 1);
}

/* A thread that has done its share, or nothing since the last look (`last` is what it had done then), begins again if
 * it can: it may have been stopped, or have lost its address space, or wait for something. */
static void threads_revive(uint64_t last[ARENA_THREADS], uint32_t other) {
    for (uint32_t i = 0; i < ARENA_CALLERS + ARENA_WRITERS; i++) {
        const struct worker_counts *counts = worker_counts(i);
        uint64_t now = atomic_load_explicit(&counts->calls, memory_order_relaxed) +
                       atomic_load_explicit(&counts->proxies, memory_order_relaxed);
        if (worker_rests(i) || now == last[i]) {
            arena_start(i, i % ARENA_DOMAINS, core_of(i, other));
        }
        last[i] = now;
    }
}

/* The root task runs when the threads on its core rest, so that no processor of an emulator's host only waits. */
static void threads_run(uint64_t calls, uint32_t other) {
    uint64_t last[ARENA_THREADS] = {0};
    uint64_t begin = r4_ticks();
    must(r4_thread_schedule(r4_own(r4_info()->slot_thread), 0, LOW), "letting the threads run");
    while (calls_made() < calls && r4_ticks() - begin < r4_ticks_of_us(ROUND_US)) {
        threads_revive(last, other);
        r4_spin_us(LOOK_US);
    }
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        arena_stop(i);
    }
}

/* No cluster ends while another may still need its answer. */
static void peers_wait(void) {
    r4_debug_milestone(r4_debug(), MILESTONE);
    for (uint32_t peer = 0; peer < r4_info()->cluster_count; peer++) {
        if (peer != r4_info()->cluster) {
            (void)r4_debug_wait(r4_debug(), peer, MILESTONE);
        }
    }
}

static void round_run(struct random *random, uint64_t calls, uint32_t number) {
    arena_build(random, worker_main);
    worker_reset(random_word(random));
    threads_run(calls, random_below(random, R4_MAX_CORES));
    print("fuzz: round %u", number);
    r4_spin_us(REST_US); /* tests/boot/test_fuzz.py looks at what there is */
    arena_end();
    total_add();
}

/* Each round leaves what the first one left: the arena's untyped, unused, in its slot. */
static void rest_check(struct usage first) {
    struct usage now = usage_take();
    if (now.used_slots != first.used_slots || now.free_bytes != first.free_bytes) {
        (void)usage_check(first);
        fail(R4_OK, "a round has left something behind");
    }
}

uint32_t fuzz_run(void) {
    struct options options = options_read();
    struct random random = {options.seed + ((uint64_t)r4_info()->cluster << 32)};
    struct usage before = usage_take();
    struct usage first = before;
    uint32_t rounds = 0;
    print("fuzz: seed %lu", options.seed);
    (void)space_grow_window(ARENA_CAP_PAGES);
    while (total.calls < options.count) {
        uint64_t left = options.count - total.calls;
        round_run(&random, left < ROUND_CALLS ? left : ROUND_CALLS, rounds);
        first = rounds++ == 0 ? usage_take() : first;
        rest_check(first);
    }
    total_print(rounds);
    peers_wait();
    must(memory_reset(), "clean-up");
    return usage_check(before) ? 0 : 1;
}
