/* SPDX-License-Identifier: MIT
 *
 * The milestones by which the two clusters of a measurement keep step: the step, and in those of the peer also its
 * traffic in the step before.
 */
#ifndef R4_BENCH_MILESTONE_H
#define R4_BENCH_MILESTONE_H

#include <r4/field.h>

DEFINE_FIELD(uint64_t, bench_milestone_doorbells, 15, 0)
DEFINE_FIELD(uint64_t, bench_milestone_messages, 31, 16)
DEFINE_FIELD(uint64_t, bench_milestone_step, 62, 32)

#endif
