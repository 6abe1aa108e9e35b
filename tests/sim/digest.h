/* SPDX-License-Identifier: MIT
 *
 * One number for all that capabilities of a cluster say and do: slots, page tables, proxy pages, names, threads, loans.
 * Two equal ones mean that nothing has changed.
 */
#ifndef R4_SIM_DIGEST_H
#define R4_SIM_DIGEST_H

#include "instance.h"

/* The registers of `caller` are left out. The cluster's lock is free, or held by who asks. */
uint64_t digest_of(const struct instance *instance, const struct thread *caller);

#endif
