/* SPDX-License-Identifier: MIT
 *
 * The address space of one kernel copy, made completely before it starts: what r4/layout.h names, and its own pools.
 * Nothing else.
 */
#ifndef R4_BOOT_KERNEL_SPACE_H
#define R4_BOOT_KERNEL_SPACE_H

#include "boot.h"

/* Makes the tables in the cluster's reserve and sets cluster->kernel_root. Every cluster must have been placed. */
void kernel_space_make(const struct boot *boot, struct cluster *cluster);

#endif
