/* SPDX-License-Identifier: MIT
 *
 * What takes the kernel longest, for the check that it often enough looks for something more urgent: the most that one
 * call may ask for, and the end of objects of every type, many at a time. Nothing is measured here:
 * tests/boot/test_steps.py counts from outside.
 */
#ifndef R4_BENCH_STEPS_H
#define R4_BENCH_STEPS_H

#include <r4/types.h>

/* Runs this cluster's part; returns its exit code. Clusters 0 and 1 hand memory back and forth; the others finish at
 * once. */
uint32_t steps_run(void);

#endif
