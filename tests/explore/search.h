/* SPDX-License-Identifier: MIT
 *
 * Breadth first, over all states of a scenario: so the path to a failure is a shortest one. States are told apart by
 * hashes of 128 bits.
 */
#ifndef R4_EXPLORE_SEARCH_H
#define R4_EXPLORE_SEARCH_H

#include "sim.h"

struct search_result {
    uint64_t states;
    uint64_t moves;
    uint64_t depth;
    uint64_t ends;
    uint64_t passes; /* how often it began again, since a word turned out to be shared */
    bool whole;      /* false: stopped at the limit */
};

/* Searches from the present state, up to `limit` states. Returns only if nothing is broken. `expect`: the name of a bug
 * that has to be found; null if there is none. */
struct search_result search_run(uint64_t limit, const char *expect);

/* True from the first move on: then a failure has a path. Ends the process, after it has told path and text. */
bool search_is_running(void);
_Noreturn void search_failed(const char *text);

#endif
