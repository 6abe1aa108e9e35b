/* SPDX-License-Identifier: MIT
 *
 * A chain of proxies through as many address spaces as a walk can go through. Space number CHAIN_HOPS - 1 holds a
 * notification; the proxies of each other space name those of the next one.
 */
#ifndef R4_BENCH_CHAIN_H
#define R4_BENCH_CHAIN_H

#include "lib/address.h"

#define CHAIN_HOPS R4_TTL_MAX

/* Makes the spaces with their windows, the notification, the proxies; once. memory_reset() takes them away. */
void chain_make(void);

/* The cap address from which the program's address space reaches the notification through `hops` (1..CHAIN_HOPS)
 * proxies in as many spaces. */
r4_cap_t chain_entry(uint32_t hops);

#endif
