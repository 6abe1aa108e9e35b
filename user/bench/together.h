/* SPDX-License-Identifier: MIT
 *
 * How the clusters of a measurement keep step. Each says by its milestone which step it has reached, and in the same
 * word what it sent in the step before, or another small number. Steps only grow.
 */
#ifndef R4_BENCH_TOGETHER_H
#define R4_BENCH_TOGETHER_H

#include "lib/traffic.h"
#include <r4/field.h>

DEFINE_FIELD(uint64_t, bench_milestone_doorbells, 15, 0)
DEFINE_FIELD(uint64_t, bench_milestone_messages, 31, 16)
DEFINE_FIELD(uint64_t, bench_milestone_step, 62, 32)

/* The traffic in another cluster's milestone. */
struct traffic traffic_of(uint64_t milestone);

/* Says that this cluster has reached that step; rings every other. Whoever has to see the traffic must have seen it
 * before the next one. */
void step_reach(uint32_t step, struct traffic traffic);

/* Sleeps until the other cluster has reached that step; returns its milestone. If it has failed the program ends. */
uint64_t step_wait(uint32_t cluster, uint32_t step);

/* The same for all other clusters; returns the sum of their traffic. */
struct traffic step_wait_all(uint32_t step);

/* What this cluster sends from traffic_begin() to traffic_end(), without the doorbells of step_reach() meanwhile. */
void traffic_begin(void);
struct traffic traffic_end(void);

#endif
