/* SPDX-License-Identifier: MIT */
#ifndef R4_BENCH_PROXIES_H
#define R4_BENCH_PROXIES_H

/* Figures of mint, of proxies written and cleared, of invocations through them, of link. memory_reset() takes its
 * objects away. */
void proxies_measure(void);

#endif
