/* SPDX-License-Identifier: MIT
 *
 * Copies the root task's ELF segments into a cluster's root block, page by page in their order, and notes the place of
 * each.
 */
#ifndef R4_BOOT_ROOT_H
#define R4_BOOT_ROOT_H

#include <r4/bootinfo.h>
#include <r4/elf.h>
#include <r4/refusal.h>

struct root { /* what goes into the boot information */
    struct r4_boot_segment segments[R4_BOOT_SEGMENTS];
    uint32_t segment_count;
    uint64_t entry;
};

/* Plans the segments of a checked executable for a block at physical address `base`. Refused:
 * more than R4_BOOT_SEGMENTS, pages that two segments share, writable code, addresses outside [R4_ROOT_IMAGE, root
 * stack), an entry in no executable segment. */
bool root_plan(const struct elf_file *file, phys_t base, struct root *root, struct refusal *why);

/* Copies the segments as planned, and zeroes the rest of their pages; the rest of the block stays as it is. */
void root_copy(const struct elf_file *file, const struct root *root, uint8_t *block);

#endif
