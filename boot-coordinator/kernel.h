/* SPDX-License-Identifier: MIT
 *
 * Fills one cluster's reserve and root block: linked image, address space, boot information, header page, root task.
 */
#ifndef R4_BOOT_KERNEL_H
#define R4_BOOT_KERNEL_H

#include "boot.h"

/* Creates all that a cluster's kernel finds when it starts. Stops the boot on a refusal. Needs memory_place(): every
 * cluster has its place. */
void kernel_create(struct boot *boot, struct cluster *cluster);

/* Tells each kernel the priorities of its peers. Needs kernel_create() for every cluster. */
void kernel_tell_peers(const struct boot *boot);

#endif
