/* SPDX-License-Identifier: MIT */
#ifndef R4_BENCH_PROXIES_H
#define R4_BENCH_PROXIES_H

/* Figures of mint, of invocations through proxies, of link. Leaves its objects to memory_reset(). */
void proxies_measure(void);

#endif
