/* SPDX-License-Identifier: MIT
 *
 * Many threads revoke the same capability: all but the first wait for its end.
 */
#ifndef R4_BENCH_MANY_JOINERS_H
#define R4_BENCH_MANY_JOINERS_H

/* A revoke is preempted, and as many threads as there can be join it; then it ends. For a cluster of one core
 * (preempted.h). Ends with memory_reset(). */
void many_joiners_run(void);

#endif
