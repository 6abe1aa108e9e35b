/* SPDX-License-Identifier: MIT
 *
 * What a borrower makes of the memory that it received: threads on all its cores, mapped frames, copies. All of it dies
 * by one revoke of the untyped. The threads' stacks and counters are in the borrower's own memory, so that what they
 * did can be read afterwards.
 */
#ifndef R4_ROOT_WORKLOAD_H
#define R4_ROOT_WORKLOAD_H

#include <r4/types.h>

#define WORKLOAD_THREADS 16U
#define WORKLOAD_FRAMES  32U
#define WORKLOAD_COPIES  16U
#define WORKLOAD_OBJECTS (WORKLOAD_THREADS + WORKLOAD_FRAMES + WORKLOAD_COPIES)

/* Makes the objects of the untyped in that slot, maps the frames, starts the threads. Once per program. */
void workload_start(uint32_t untyped);

/* Waits until it has seen every thread count and every frame written; prints on how many cores. False after a time
 * limit. */
bool workload_runs(void);

/* True if no counter moves within 20 ms; prints how many stand still. */
bool workload_stands_still(void);

#endif
