/* SPDX-License-Identifier: MIT
 *
 * Fills one cluster's reserve and root block: linked image, address space, boot information, header page, root task.
 */
#ifndef R4_BOOT_KERNEL_H
#define R4_BOOT_KERNEL_H

#include "boot.h"

/* All that a cluster's kernel finds when it starts. Every cluster must have been placed. Stops the boot on a fault. */
void kernel_make(struct boot *boot, struct cluster *cluster);

#endif
