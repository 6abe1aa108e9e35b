/* SPDX-License-Identifier: MIT
 *
 * Where in the window of a cluster's first thread the things are that a scenario is about.
 */
#ifndef R4_EXPLORE_PLACES_H
#define R4_EXPLORE_PLACES_H

#include "scenarios.h"

#define PLACES_SECOND_CALLS 4U

struct places {
    const struct instance *instance;
    const struct r4_root_info *info;
    struct thread *threads[SCRIPT_THREADS];
    uint64_t own; /* index of OBJECT_OWN */
    phys_t block; /* its memory */
};

struct call_words {
    uint64_t cap;
    uint64_t operation;
    uint64_t argument[4];
};

/* The cluster has booted, its first thread runs. */
void places_find(struct places *places, const struct instance *instance);

/* The calls that give the cluster a second thread; afterwards, the thread. */
void places_second(const struct places *places, struct call_words calls[PLACES_SECOND_CALLS]);
void places_second_find(struct places *places);

/* The words of a scenario's call. */
void places_call(const struct places *places, const struct action *action, struct call_words *call);

#endif
