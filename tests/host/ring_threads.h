/* SPDX-License-Identifier: MIT
 *
 * A producer and a consumer of one ring, each a thread: under TSan (tsan_ring.c), and at full speed (test_ring.c),
 * where stores and loads overtake each other as far as the processor lets them. The consumer compares every message
 * with what the producer must have sent. Each side uses the sleep protocol as the kernel's mailboxes do, with a
 * doorbell of one bit, like a pending interrupt. A bell that rang while its side was awake is forgotten before the last
 * look at the ring: so an extra bell cannot hide a missing one, and a side that sleeps while there is work was not
 * woken by the other.
 */
#ifndef R4_TESTS_RING_THREADS_H
#define R4_TESTS_RING_THREADS_H

#include "pure/ring.h"
#include "random.h"
#include "suite.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define RING_PATIENCE 2  /* seconds asleep after which a side checks whether it should have been woken */
#define RING_DESPAIR  10 /* such checks without a message, after which the consumer gives up: a message is lost */

struct bell {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool pending;
};

struct ring_trial {
    struct ring_end producer;
    struct ring_end consumer;
    struct bell producer_bell;
    struct bell consumer_bell;
    uint32_t messages;
    bool sleeps; /* else both sides poll and no bell rings: nothing but the ring orders them */
    uint32_t producer_slept;
    uint32_t consumer_slept;
    _Atomic(const char *) fault; /* ends both sides; relaxed, since it must not order anything */
};

static inline void bell_ring(struct bell *bell) {
    pthread_mutex_lock(&bell->mutex);
    bell->pending = true;
    pthread_cond_signal(&bell->condition);
    pthread_mutex_unlock(&bell->mutex);
}

static inline void bell_forget(struct bell *bell) {
    pthread_mutex_lock(&bell->mutex);
    bell->pending = false;
    pthread_mutex_unlock(&bell->mutex);
}

/* Waits until the bell rings; false if it has not within RING_PATIENCE. */
static inline bool bell_wait(struct bell *bell) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RING_PATIENCE;
    int late = 0;
    pthread_mutex_lock(&bell->mutex);
    while (!bell->pending && late == 0) {
        late = pthread_cond_timedwait(&bell->condition, &bell->mutex, &until);
    }
    bool rung = bell->pending;
    pthread_mutex_unlock(&bell->mutex);
    return rung;
}

/* Message n: every field but the sequence word is a different function of n. */
static inline struct r4_message ring_message(uint32_t n) {
    uint64_t state = n + 1;
    return (struct r4_message){.kind = (uint32_t)random_next(&state),
                               .error = (uint32_t)random_next(&state),
                               .source_epoch = n,
                               .target_epoch = ~n,
                               .loan = (uint32_t)random_next(&state),
                               .generation = (uint32_t)random_next(&state),
                               .base = random_next(&state),
                               .size_log2 = (uint32_t)random_next(&state),
                               .ttl = (uint32_t)random_next(&state)};
}

static inline bool ring_message_is(const struct r4_message *message, uint32_t n) {
    struct r4_message expected = ring_message(n);
    return message->kind == expected.kind && message->error == expected.error && message->source_epoch == n &&
           message->target_epoch == ~n && message->loan == expected.loan &&
           message->generation == expected.generation && message->base == expected.base &&
           message->size_log2 == expected.size_log2 && message->ttl == expected.ttl;
}

/* A pause now and then. Its length lets the other side finish, or reach any step of going to sleep. */
static inline void dawdle(uint64_t *state) {
    if (random_below(state, 8) == 0) {
        for (uint64_t turns = random_below(state, 200); turns > 0; turns--) {
            __asm__ volatile("" ::: "memory");
        }
    }
}

static inline bool trial_over(struct ring_trial *trial) {
    return atomic_load_explicit(&trial->fault, memory_order_relaxed) != NULL;
}

static inline void trial_fail(struct ring_trial *trial, const char *fault) {
    atomic_store_explicit(&trial->fault, fault, memory_order_relaxed);
}

/* Waits until there may be room, or the trial is over. */
static inline void producer_wait(struct ring_trial *trial) {
    if (!trial->sleeps) {
        sched_yield();
        return;
    }
    bell_forget(&trial->producer_bell);
    if (ring_has_room(&trial->producer)) {
        return;
    }
    trial->producer_slept++;
    while (!bell_wait(&trial->producer_bell) && !trial_over(trial)) {
        if (ring_has_room(&trial->producer)) {
            trial_fail(trial, "the producer slept while there was room");
        }
    }
}

static inline void *producer_run(void *argument) {
    struct ring_trial *trial = argument;
    uint64_t state = 31;
    for (uint32_t n = 0; n < trial->messages; n++) {
        while (!ring_has_room(&trial->producer)) {
            producer_wait(trial);
            if (trial_over(trial)) {
                return NULL;
            }
        }
        struct r4_message message = ring_message(n);
        if (ring_put(&trial->producer, &message)) {
            bell_ring(&trial->consumer_bell);
        }
        dawdle(&state);
    }
    return NULL;
}

/* Waits until there may be a message, or the trial is over. */
static inline void consumer_wait(struct ring_trial *trial) {
    if (!trial->sleeps) {
        sched_yield();
        return;
    }
    bell_forget(&trial->consumer_bell);
    if (ring_rest(&trial->consumer)) {
        return;
    }
    trial->consumer_slept++;
    uint32_t late = 0;
    while (!bell_wait(&trial->consumer_bell) && !trial_over(trial)) {
        late++;
        if (ring_rest(&trial->consumer)) {
            trial_fail(trial, "the consumer slept while there was a message");
        } else if (late == RING_DESPAIR) {
            trial_fail(trial, "no message came any more");
        }
    }
}

static inline void *consumer_run(void *argument) {
    struct ring_trial *trial = argument;
    struct r4_message message;
    uint64_t state = 37;
    for (uint32_t n = 0; n < trial->messages; n++) {
        bool wanted = false;
        ring_look(&trial->consumer);
        while (!ring_take(&trial->consumer, &message, &wanted)) {
            consumer_wait(trial);
            if (trial_over(trial)) {
                return NULL;
            }
            ring_look(&trial->consumer);
        }
        if (wanted && trial->sleeps) {
            bell_ring(&trial->producer_bell);
        }
        if (!ring_message_is(&message, n)) {
            trial_fail(trial, "a message is not the one that was sent");
            return NULL;
        }
        dawdle(&state);
    }
    return NULL;
}

/* Runs one trial on a ring of `slots` slots from `position` on; fails the test with what went wrong. */
static inline void ring_trial(uint32_t slots, uint32_t position, uint32_t messages, bool sleeps) {
    struct r4_ring *ring = aligned_alloc(R4_LINE_SIZE, sizeof(*ring) + slots * sizeof(ring->slots[0]));
    memset(ring, 0, sizeof(*ring) + slots * sizeof(ring->slots[0]));
    struct ring_trial trial = {.producer = {ring, slots, 0},
                               .consumer = {ring, slots, 0},
                               .producer_bell = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false},
                               .consumer_bell = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false},
                               .messages = messages,
                               .sleeps = sleeps};
    pthread_t threads[2];
    ring_produce_from(&trial.producer, position);
    ring_consume_from(&trial.consumer, position);
    ck_assert_int_eq(pthread_create(&threads[0], NULL, producer_run, &trial), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, consumer_run, &trial), 0);
    pthread_join(threads[1], NULL);
    pthread_join(threads[0], NULL);
    ck_assert_msg(!trial_over(&trial), "%s", trial.fault);
    ck_assert_uint_eq(trial.producer.position, position + messages);
    ck_assert_uint_eq(trial.consumer.position, position + messages);
    ck_assert(!sleeps || (trial.consumer_slept > 0 && trial.producer_slept > 0));
    free(ring);
}

#endif
