/* SPDX-License-Identifier: MIT
 *
 * Figures while other cores of the cluster run threads of the same address space.
 */
#ifndef R4_BENCH_OTHER_CORES_H
#define R4_BENCH_OTHER_CORES_H

/* Measures and prints frame.unmap.cores.N, for N = 1 and 3 other cores as far as the cluster has them. Ends with
 * memory_reset(). */
void other_cores_measure(void);

#endif
