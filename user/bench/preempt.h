/* SPDX-License-Identifier: MIT
 *
 * The check that a long revoke lets others run: another thread of the same priority when the slice ends, and another
 * core that waits for the lock. A revoke of this length takes one or two milliseconds: the command line has to say
 * slice_us=20, far below the time of a revoke.
 */
#ifndef R4_BENCH_PREEMPT_H
#define R4_BENCH_PREEMPT_H

#include <r4/types.h>

/* Cluster 0 revokes COPIES_MAX copies under each of the two; prints "preempt timer resumed N" and "preempt lock resumed
 * N" (the latter only with a second core). Returns the exit code: 1 if one of them was resumed less than twice. The
 * other clusters finish at once. */
uint32_t preempt_run(void);

#endif
