/* SPDX-License-Identifier: MIT
 *
 * Calls through as many proxies as one call can go through, in the order that costs most: most of what steps_run()
 * does, but through proxies.
 */
#ifndef R4_BENCH_LONGEST_CHAIN_H
#define R4_BENCH_LONGEST_CHAIN_H

#include "lib/address.h"

/* Maps the proxy page. memory_reset() takes it away. */
void longest_chain_begin(void);

/* The capability in `slot` of the program's window, through `hops` (0..R4_TTL_MAX) proxies; they stay until the next
 * call. */
r4_cap_t longest_chain_put(uint32_t slot, uint32_t hops);

/* Calls each operation that does more than read, through R4_TTL_MAX proxies in all: for each way to divide them between
 * the invoked capability and the one that an argument names. */
void longest_chain_run(void);

#endif
