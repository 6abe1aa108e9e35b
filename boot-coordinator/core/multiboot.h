/* SPDX-License-Identifier: MIT
 *
 * What the boot loader hands over: the multiboot2 information block, read into a structure. Source: Multiboot2
 * specification 2.0, section 3.6 (tags); UEFI specification 2.10, section 7.2.3 (its memory map's entries). The block
 * is checked like any other input: nothing is read beyond its size.
 */
#ifndef R4_BOOT_MULTIBOOT_H
#define R4_BOOT_MULTIBOOT_H

#include "ranges.h"
#include <r4/refusal.h>

#define MULTIBOOT_LOADER_MAGIC 0x36d76289U /* in eax at the entry */
#define MULTIBOOT_MODULES_MAX  16U

struct multiboot_module {
    phys_t base;
    phys_t end;
    const char *name; /* what follows the file's name in GRUB's module2; zero-terminated, in the block */
};

struct multiboot {
    const char *command; /* zero-terminated, in the block; "" if there is none */
    const void *rsdp; /* copy of ACPI's root pointer, in the block: the newer if there are two; null: there is none */
    uint32_t rsdp_size;
    uint32_t module_count;
    struct multiboot_module modules[MULTIBOOT_MODULES_MAX];
    /* What the loader's memory map calls usable, or EFI's if that is the only one; less all that either reserves. */
    struct ranges ram;
};

/* Reads `size` bytes at `block`. On a refusal only the command line is good, if it had been read by then. */
bool multiboot_read(const void *block, size_t size, struct multiboot *out, struct refusal *why);

/* The module with that name, or null. */
const struct multiboot_module *multiboot_module(const struct multiboot *info, const char *name);

#endif
