/* SPDX-License-Identifier: MIT
 *
 * One seed from its start to its end.
 */
#ifndef R4_SIM_SCHEDULE_H
#define R4_SIM_SCHEDULE_H

#include "sim.h"

/* Draws a machine, boots it, runs sim.options.steps random steps, lets it come to rest, revokes everything, and
 * compares what is left with what was there at the start. Returns only if no invariant was broken. */
void schedule_run(void);

/* The cluster whose kernel runs now, or -1. */
int schedule_cluster(void);

/* How often each operation was called and succeeded. */
void schedule_print_calls(void);

#endif
