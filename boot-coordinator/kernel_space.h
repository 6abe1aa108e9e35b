/* SPDX-License-Identifier: MIT
 *
 * The address space of one kernel copy, complete before the copy starts: what r4/layout.h names, and its own pools.
 * Nothing else.
 */
#ifndef R4_BOOT_KERNEL_SPACE_H
#define R4_BOOT_KERNEL_SPACE_H

#include "boot.h"

/* Creates the tables in the cluster's reserve and sets cluster->kernel_root. Needs memory_place(): every cluster has
 * its place. */
void kernel_space_create(const struct boot *boot, struct cluster *cluster);

#endif
