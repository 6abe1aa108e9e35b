/* SPDX-License-Identifier: MIT
 *
 * The figures: what operations cost, one line for each: bench NAME UNIT n=… min=… median=… max=…
 * Units: insn (QEMU with icount, one running core), insn-sum (the same, instructions of all cores together), tsc
 * (ticks), count.
 */
#ifndef R4_BENCH_BENCH_H
#define R4_BENCH_BENCH_H

#include <r4/types.h>

#define BENCH_PEER 1U /* cluster 0 measures with this one; all others finish at once */

/* Runs this cluster's part; returns its exit code. */
uint32_t bench_run(void);

/* Figures inside one cluster: invocation, operations on capabilities, mapping, retype, revoke. */
void bench_local(void);

/* Figures between two clusters: hand-off, revoke. Cluster 0 and its peer run their parts at the same time. */
void bench_remote(void);
void bench_remote_peer(void);

#endif
