/* SPDX-License-Identifier: MIT
 *
 * What is measured. Each is called once, after native_load() and with each core's processor set.
 */
#ifndef R4_NATIVE_MEASURE_H
#define R4_NATIVE_MEASURE_H

#include "native.h"

#define MEASURE_OBJECTS 64U    /* at most, of one revoke */
#define MEASURE_ROUNDS  65536U /* at most */

/* Two clusters of one core: cluster 0 hands 2 MiB to the other one, which makes `objects` frames of it, and revokes it;
 * the other core is halted each time. Before each sample the two cores play ping-pong with a bare line. */
void measure_remote(uint32_t objects, uint32_t rounds);

/* Every core copies a capability and deletes the copy, again and again, each with its own; from `start` on, for that
 * many milliseconds. */
void measure_throughput(uint64_t start, uint64_t milliseconds);

#endif
