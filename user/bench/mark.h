/* SPDX-License-Identifier: MIT
 *
 * The marks with which the two clusters of a measurement keep step: the step, and of the peer also its traffic in the
 * step before.
 */
#ifndef R4_BENCH_MARK_H
#define R4_BENCH_MARK_H

#include <r4/field.h>

DEFINE_FIELD(uint64_t, bench_mark_doorbells, 15, 0)
DEFINE_FIELD(uint64_t, bench_mark_messages, 31, 16)
DEFINE_FIELD(uint64_t, bench_mark_step, 62, 32)

#endif
