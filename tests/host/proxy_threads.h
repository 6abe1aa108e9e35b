/* SPDX-License-Identifier: MIT
 *
 * A proxy's owner and two kernels, each a thread: under TSan (tsan_proxy.c), and at full speed (test_proxy.c), where
 * stores and loads overtake each other as far as the processor lets them. The kernels have no lock here: real ones
 * have. The lengths of the pauses let the other threads run between any two steps.
 */
#ifndef R4_TESTS_PROXY_THREADS_H
#define R4_TESTS_PROXY_THREADS_H

#include "expect.h"
#include "race.h"
#include "random.h"
#include "suite.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define PROXY_KERNELS 2

struct proxy_trial {
    uint32_t writes;                       /* of the owner, at least */
    bool single_use;                       /* the kernels use the proxy up; else they only walk through it */
    atomic_bool over;                      /* the owner has finished */
    atomic_uchar *used;                    /* how often each serial was used */
    atomic_uint seen[RACE_MEANINGS];       /* how often a walk gave each meaning */
    atomic_uint nothing, mixed, used_more; /* how often a walk gave nothing, a mixture, or a used proxy */
};

static inline void proxy_pause(uint64_t *state) {
    for (uint64_t turns = random_below(state, 4) == 0 ? random_below(state, 100) : 0; turns > 0; turns--) {
        __asm__ volatile("" ::: "memory");
    }
}

/* On a busy machine the kernels may not run until the owner has finished. So it goes on until they have seen every
 * meaning. */
enum { PROXY_PATIENCE = 100 }; /* this many times the writes, at most */

static inline bool proxy_all_seen(struct proxy_trial *trial) {
    bool all = atomic_load(&trial->nothing) != 0;
    for (size_t meaning = 0; meaning < RACE_MEANINGS; meaning++) {
        all = all && atomic_load(&trial->seen[meaning]) != 0;
    }
    return all;
}

/* The owner writes a random meaning each time; now and then it clears the proxy in between, or stops half-way. */
static inline void *proxy_owner(void *argument) {
    struct proxy_trial *trial = argument;
    uint64_t state = 71;
    for (uint32_t i = 0; i < trial->writes || (i < PROXY_PATIENCE * trial->writes && !proxy_all_seen(trial)); i++) {
        int meaning = (int)random_below(&state, RACE_MEANINGS);
        uint64_t way = random_below(&state, 16);
        if (way == 0) {
            race_write_half(meaning);
        } else {
            race_write(meaning);
        }
        proxy_pause(&state);
        if (way == 1) {
            race_clear();
        }
    }
    atomic_store(&trial->over, true);
    return NULL;
}

static inline void *proxy_kernel(void *argument) {
    struct proxy_trial *trial = argument;
    uint64_t state = 73 + (uintptr_t)&state % 64;
    while (!atomic_load_explicit(&trial->over, memory_order_relaxed)) {
        unsigned serial = 0;
        int meaning = trial->single_use ? race_use(&serial) : race_walk();
        if (meaning < 0) {
            atomic_fetch_add_explicit(meaning == RACE_MIXTURE ? &trial->mixed : &trial->nothing, 1,
                                      memory_order_relaxed);
        } else {
            atomic_fetch_add_explicit(&trial->seen[meaning], 1, memory_order_relaxed);
            bool again = atomic_fetch_add_explicit(&trial->used[serial], 1, memory_order_relaxed) != 0;
            atomic_fetch_add_explicit(&trial->used_more, trial->single_use && again, memory_order_relaxed);
        }
        proxy_pause(&state);
    }
    return NULL;
}

static inline void proxy_trial(uint32_t writes, bool single_use) {
    struct proxy_trial trial = {.writes = writes, .single_use = single_use};
    pthread_t threads[PROXY_KERNELS + 1];
    trial.used = calloc((size_t)PROXY_PATIENCE * writes + 1, 1);
    race_start(single_use);
    for (size_t i = 0; i <= PROXY_KERNELS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, i == PROXY_KERNELS ? proxy_owner : proxy_kernel, &trial), 0);
    }
    for (size_t i = 0; i <= PROXY_KERNELS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(trial.mixed, 0);
    ck_assert_uint_eq(trial.used_more, 0);
    ck_assert_uint_gt(trial.nothing, 0);
    for (size_t meaning = 0; meaning < RACE_MEANINGS; meaning++) {
        ck_assert_uint_gt(trial.seen[meaning], 0);
    }
    free(trial.used);
}

#endif
