/* SPDX-License-Identifier: MIT
 *
 * A plan is carried out, again and again; every cluster does its part. Cluster 0 conducts: it measures, collects what
 * the others sent, and prints.
 */
#ifndef R4_BENCH_PLAY_H
#define R4_BENCH_PLAY_H

#include "bench/plan.h"

/* Carries the plan out `repeat` times and once before, which is not counted. Cluster 0 prints its costs under the name
 * of that format and number, or why it is left out: it does not have the memory. Every cluster calls it with the same
 * arguments. All that the plan made is gone afterwards. */
void play(const struct plan *plan, uint32_t repeat, const char *text, uint32_t number);

#endif
