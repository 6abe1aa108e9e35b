/* SPDX-License-Identifier: MIT
 *
 * Independent operations on all cores at the same time.
 */
#include "measure.h"
#include "program.h"
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define BATCH 64U /* pairs of operations between two looks at the clock */
#define NS    1000000000ULL
#define MS    1000000ULL

#define APART         (64U << 10) /* bytes from one object to the next */
#define SLOTS_OF_CORE 8U          /* its own: a capability of 64 bytes of memory, and a copy of it */

struct worker {
    _Alignas(NATIVE_LINE) struct native_core *core;
    pthread_t thread;
    uint64_t operations;
    uint64_t nanoseconds;
};

static struct worker workers[NATIVE_CORES];
static uint64_t start, duration;
static _Atomic uint32_t arrived, finished; /* cores */

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * NS + (uint64_t)time.tv_nsec;
}

/* Counts this core, and waits for all others, which may need its answer meanwhile. */
static void wait_for_others(struct native_core *core, _Atomic uint32_t *cores) {
    atomic_fetch_add(cores, 1);
    while (atomic_load(cores) != native.cluster_count * native.core_count) {
        native_turn(core);
    }
}

static void work(struct worker *worker, uint64_t source, uint64_t copy) {
    uint64_t begin = now();
    while (now() - begin < duration) {
        for (uint32_t i = 0; i < BATCH; i++) {
            program_copy(worker->core, source, copy);
            program_delete(worker->core, copy);
        }
        worker->operations += 2 * BATCH;
        native_turn(worker->core);
    }
    worker->nanoseconds = now() - begin;
}

static uint64_t source_slot(const struct native_core *core, uint32_t index) {
    return program_slot(core, SLOTS_OF_CORE * index);
}

/* What all cores of the cluster need. */
static void prepare(struct native_core *core) {
    uint64_t offset = 0;
    for (uint32_t index = 0; index < native.core_count; index++, offset += APART) {
        program_create(core, R4_CAP_NOTIFICATION, R4_NOTIFICATION_LOG2, offset, source_slot(core, index));
    }
    for (uint32_t index = 1; index < native.core_count; index++, offset += APART) {
        program_start(core, index, offset);
    }
}

static void *worker_run(void *argument) {
    struct worker *worker = argument;
    struct native_core *core = worker->core;
    uint32_t index = (uint32_t)(core - core->copy->cores);
    native_start(core);
    if (index == 0) {
        prepare(core);
    }
    wait_for_others(core, &arrived);
    while (now() < start) {
        native_turn(core);
    }
    uint64_t source = source_slot(core, index);
    work(worker, source, source + 1);
    wait_for_others(core, &finished);
    return NULL;
}

void measure_throughput(uint64_t from, uint64_t milliseconds) {
    uint32_t count = native.cluster_count * native.core_count;
    start = from;
    duration = milliseconds * MS;
    for (uint32_t i = 0; i < count; i++) {
        workers[i].core = &native.cores[i];
        if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) != 0) {
            native_fail("no thread for core", i);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        printf("operations %lu %lu\n", workers[i].operations, workers[i].nanoseconds);
    }
}
