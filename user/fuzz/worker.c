/* SPDX-License-Identifier: MIT
 *
 * All threads share the image's data, whichever domain they run in. What they tell the root task while they run is
 * atomic and relaxed: it only watches them. All else it reads after it has stopped them.
 */
#include "fuzz/worker.h"
#include "fuzz/call.h"
#include "fuzz/forge.h"
#include "lib/address.h"
#include "lib/thread.h"
#include "lib/x86/clock.h"
#include <stdatomic.h>

#define SHARE 256U /* calls and proxies in a row */

struct worker {
    _Alignas(R4_LINE_SIZE) struct random random;
    struct worker_counts counts;
    _Atomic bool rests;
};

static struct worker workers[ARENA_THREADS];

void worker_reset(uint64_t seed) {
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        workers[i] = (struct worker){.random = {seed + i * 0x100000001ULL}};
    }
    forge_reset();
}

const struct worker_counts *worker_counts(uint32_t index) { return &workers[index].counts; }

static void count(struct worker_counts *counts, const struct call_result *result) {
    atomic_fetch_add_explicit(&counts->calls, 1, memory_order_relaxed);
    if (result->operation < R4_OP_COUNT) {
        counts->made[result->operation]++;
        counts->succeeded[result->operation] += result->error == R4_OK;
    }
}

bool worker_rests(uint32_t index) { return atomic_load_explicit(&workers[index].rests, memory_order_relaxed); }

void worker_main(uint64_t argument) {
    uint32_t index = (uint32_t)arena_thread_get(argument) % ARENA_THREADS;
    struct worker *worker = &workers[index];
    struct place place = {(uint32_t)arena_domain_get(argument) % ARENA_DOMAINS, &worker->random};
    bool writes = index >= ARENA_CALLERS && index < ARENA_CALLERS + ARENA_WRITERS;
    atomic_store_explicit(&worker->rests, false, memory_order_relaxed);
    for (uint32_t i = 0; i < SHARE; i++) {
        if (writes || random_chance(place.random, 4)) {
            forge_proxy(&place);
            atomic_fetch_add_explicit(&worker->counts.proxies, 1, memory_order_relaxed);
        } else {
            struct call_result result = call_random(&place);
            count(&worker->counts, &result);
        }
        if (random_chance(place.random, 4)) {
            r4_pause(); /* an emulator with one thread for all cores goes on to the next core */
        }
    }
    atomic_store_explicit(&worker->rests, true, memory_order_relaxed);
    for (uint32_t i = 0; i < 4; i++) { /* a call of another thread may start it again */
        (void)r4_thread_stop(r4_own(arena_stop_slot(index)));
    }
    __builtin_trap(); /* the slot is gone: the fault stops it */
}
