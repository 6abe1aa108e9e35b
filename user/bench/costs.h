/* SPDX-License-Identifier: MIT
 *
 * What an operation between clusters costs: ticks, and messages and doorbells of all clusters.
 */
#ifndef R4_BENCH_COSTS_H
#define R4_BENCH_COSTS_H

#include "bench/figure.h"
#include "lib/traffic.h"

#define COSTS_NAME 40U

struct costs {
    char name[COSTS_NAME];
    struct figure ticks, messages, doorbells;
};

/* Begins anew, with the name of that format and number. */
void costs_begin(struct costs *costs, const char *text, uint32_t number);

void costs_add(struct costs *costs, int64_t ticks, struct traffic traffic);

/* Prints NAME, NAME.messages and NAME.doorbells. */
void costs_print(struct costs *costs);

#endif
