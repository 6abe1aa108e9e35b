/* SPDX-License-Identifier: MIT
 *
 * Which memory is whose, by the boot information: it lists the pools of all clusters. What is in no pool is no RAM, or
 * is a reserve (images, page tables, headers, rings): it is never lent.
 */
#ifndef R4_KERNEL_POOLS_H
#define R4_KERNEL_POOLS_H

#include <r4/bootinfo.h>

/* The first address after all pools. */
phys_t pools_end(void);

/* The pool that contains all of [base, base + size); null if there is none. Binary search. */
const struct r4_boot_pool *pool_around(phys_t base, uint64_t size);

#endif
