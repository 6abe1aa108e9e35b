/* SPDX-License-Identifier: MIT
 *
 * The multiboot2 information block as it lies in memory, packed as all that others lay out. Sections of the Multiboot2
 * specification 2.0 and of the UEFI specification 2.10.
 */
#ifndef R4_BOOT_MULTIBOOT_TAGS_H
#define R4_BOOT_MULTIBOOT_TAGS_H

#include <r4/types.h>

#define MULTIBOOT_PACKED        __attribute__((packed))
#define MULTIBOOT_TAG_ALIGNMENT 8U /* of the block, and of each tag in it */

struct multiboot_block { /* 3.6.2 */
    uint32_t size;       /* of all, bytes */
    uint32_t reserved;
} MULTIBOOT_PACKED; /* tags follow */
R4_SIZE(struct multiboot_block, 8);

struct multiboot_tag { /* 3.6.2 */
    uint32_t type;
    uint32_t size; /* without what fills it up to the next tag */
} MULTIBOOT_PACKED;
R4_SIZE(struct multiboot_tag, 8);

enum {
    MULTIBOOT_TAG_END = 0,
    MULTIBOOT_TAG_COMMAND = 1, /* 3.6.3: a text follows */
    MULTIBOOT_TAG_MODULE = 3,
    MULTIBOOT_TAG_MEMORY = 6,
    MULTIBOOT_TAG_RSDP_OLD = 14, /* 3.6.10, 3.6.11: a copy of ACPI's root pointer follows */
    MULTIBOOT_TAG_RSDP_NEW = 15,
    MULTIBOOT_TAG_EFI_MEMORY = 17,
    MULTIBOOT_TAG_EFI_RUNNING = 18
};

struct multiboot_module_tag { /* 3.6.6 */
    struct multiboot_tag tag;
    uint32_t base;
    uint32_t end;
    char name[]; /* zero-terminated */
} MULTIBOOT_PACKED;
R4_SIZE(struct multiboot_module_tag, 16);

/* Both memory maps: 3.6.8 (the loader's), 3.6.17 (EFI's). */
struct multiboot_map_tag {
    struct multiboot_tag tag;
    uint32_t width; /* of an entry, bytes: at least that of the structures below */
    uint32_t version;
} MULTIBOOT_PACKED; /* entries follow */
R4_SIZE(struct multiboot_map_tag, 16);

struct multiboot_memory { /* 3.6.8 */
    uint64_t base;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
} MULTIBOOT_PACKED;
R4_SIZE(struct multiboot_memory, 24);

enum { MULTIBOOT_MEMORY_USABLE = 1 };

struct efi_memory { /* UEFI 7.2.3, EFI_MEMORY_DESCRIPTOR */
    uint32_t type;
    uint32_t padding;
    uint64_t base;
    uint64_t virtual_base;
    uint64_t pages; /* of 4 KiB */
    uint64_t attributes;
} MULTIBOOT_PACKED;
R4_SIZE(struct efi_memory, 40);
R4_OFFSET(struct efi_memory, pages, 24);

/* Types: UEFI 7.2.1. What firmware and loader used for themselves is free once they have left. */
enum { EFI_LOADER_CODE = 1, EFI_BOOT_DATA = 4, EFI_CONVENTIONAL = 7 };
#define EFI_PAGE_BITS       12U
#define EFI_PAGES_MAX       (UINT64_MAX >> EFI_PAGE_BITS)
#define EFI_SPECIAL_PURPOSE 0x40000ULL /* attribute: kept for a driver */

#endif
