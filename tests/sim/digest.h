/* SPDX-License-Identifier: MIT
 *
 * One number for the whole state that a cluster's calls can change: slots, page tables, proxy pages, names, threads,
 * loans. If it is the same before and after, nothing has changed.
 */
#ifndef R4_SIM_DIGEST_H
#define R4_SIM_DIGEST_H

#include "instance.h"

/* The registers of `caller` are left out. The cluster's lock is free, or held by the caller. */
uint64_t digest_of(const struct instance *instance, const struct thread *caller);

#endif
