/* SPDX-License-Identifier: MIT
 *
 * Divides the machine's RAM: pools, reserves, root blocks.
 */
#ifndef R4_BOOT_MEMORY_H
#define R4_BOOT_MEMORY_H

#include "boot.h"

/* Computes each cluster's pools from RAM, SRAT and layout; prints them and what is left over. Needs layout_choose(). */
void memory_divide(struct boot *boot);

/* Finds a place for the low page, and for each cluster its reserve (taken out of its pools) and its root block. Needs
 * memory_divide(). */
void memory_place(struct boot *boot);

#endif
