/* SPDX-License-Identifier: MIT
 *
 * Calls through as many proxies as one call can go through, in the order that costs most: what steps_run() does, from
 * afar.
 */
#ifndef R4_BENCH_LONGEST_CHAIN_H
#define R4_BENCH_LONGEST_CHAIN_H

#include "lib/address.h"

/* Maps the proxy page. memory_reset() takes it away. */
void longest_chain_begin(void);

/* The capability in `slot` of the own window, through `hops` (0..R4_TTL_MAX) proxies; they stand until the next call.
 */
r4_cap_t proxied(uint32_t slot, uint32_t hops);

/* Calls each operation that does more than look, for the invoked capability and the one that an argument names, through
 * R4_TTL_MAX proxies in all, however they are divided. */
void longest_chain_run(void);

#endif
