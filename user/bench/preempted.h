/* SPDX-License-Identifier: MIT
 *
 * Calls of other threads that are preempted before they have ended: operations under way. A thread of the program's
 * priority uses up almost all of its slice, then calls; its slice ends in the midst of the call. Then its priority is
 * the lowest, so the operation stays under way until preempted_end(). For a cluster of one core: another one would run
 * the program while the thread calls.
 */
#ifndef R4_BENCH_PREEMPTED_H
#define R4_BENCH_PREEMPTED_H

#include "lib/thread.h"

#define PREEMPTED_MAX     128U
#define PREEMPTED_AT_ONCE UINT64_MAX

/* What is called, and when. */
struct preempted_call {
    enum r4_error (*call)(uint64_t argument);
    uint64_t argument;
    uint64_t before_end; /* in ticks: so long before the end of its slice the thread calls; or PREEMPTED_AT_ONCE */
};

/* Makes `count` (up to PREEMPTED_MAX) threads with their stacks; memory_reset() takes them away. */
void preempted_make(uint32_t count);

/* Lets thread `number`, which is not in a call, call. True if the call has begun and not ended: then it stays so. Else
 * it is as if the call had not begun, once preempted_end() has returned. */
bool preempted_begin(uint32_t number, struct preempted_call call);

/* Lets all calls that have begun come to their end. */
void preempted_end(void);

#endif
