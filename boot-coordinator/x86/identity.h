/* SPDX-License-Identifier: MIT
 *
 * The identity map: physical addresses are pointers. entry.S maps the first 4 GiB. With 1 GiB pages all RAM can be
 * mapped; without them the coordinator can use only the first 4 GiB.
 */
#ifndef R4_BOOT_IDENTITY_H
#define R4_BOOT_IDENTITY_H

#include <r4/types.h>

/* Extends the map to `top` as far as the CPU allows. Returns the first address that is not mapped. */
phys_t identity_extend(phys_t top);

/* Puts the identity map into `root`, an empty PML4. */
void identity_copy(uint64_t *root);

/* A pointer to physical memory. */
static inline void *identity_at(phys_t base) { return (void *)(uintptr_t)base; }

#endif
