/* SPDX-License-Identifier: MIT
 *
 * Builds page tables for a kernel: 4 KiB and 2 MiB pages, never with the user bit, never global, never writable and
 * executable at once. Source: Intel SDM volume 3, section 4.5.
 */
#ifndef R4_BOOT_SPACE_H
#define R4_BOOT_SPACE_H

#include <r4/types.h>

enum space_access { SPACE_READ, SPACE_WRITE, SPACE_EXEC, SPACE_DEVICE }; /* DEVICE: writable, uncached */

struct space {
    uint64_t *root; /* the first of its tables */
    phys_t next;    /* table pages not used yet, zeroed */
    phys_t end;
};

/* An empty address space; its tables are taken from `count` zeroed pages at `tables`, at least 1. */
void space_open(struct space *space, phys_t tables, uint32_t count);

/* Maps `pages` pages of 4 KiB, or writable ones of 2 MiB; address and base are multiples of that, and nothing is mapped
 * there. False: the tables are used up. */
bool space_map(struct space *space, uint64_t address, phys_t base, uint64_t pages, enum space_access access);
bool space_map_large(struct space *space, uint64_t address, phys_t base, uint64_t pages);

/* The page directory that covers the GiB of `address`, a new one if there is none; 0: the tables are used up. */
phys_t space_directory(struct space *space, uint64_t address);

#endif
