/* SPDX-License-Identifier: MIT
 *
 * Figures while operations of other threads are under way.
 */
#ifndef R4_BENCH_UNDER_WAY_H
#define R4_BENCH_UNDER_WAY_H

/* Measures and prints *.while.N: what caps_measure_again() measures while N retypes of threads with the lowest priority
 * are under way. For a cluster of one core (preempted.h). Ends with memory_reset(). */
void under_way_measure(void);

#endif
