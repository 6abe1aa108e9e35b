/* SPDX-License-Identifier: MIT
 *
 * Reads the multiboot2 information block. See multiboot.h.
 */
#include "multiboot.h"
#include "acpi.h"
#include <r4/string.h>

enum {
    TAG_END = 0,
    TAG_COMMAND = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_RSDP_OLD = 14,
    TAG_RSDP_NEW = 15,
    TAG_EFI_MAP = 17,
    TAG_EFI_RUNNING = 18
};

#define MEMORY_MAP_ENTRIES 16U /* offsets in the tags, and in an entry */
#define MEMORY_MAP_WIDTH   24U /* smallest entry */
#define MEMORY_USABLE      1U
#define EFI_MAP_ENTRIES    16U
#define EFI_MAP_WIDTH      40U

/* Memory types of UEFI (2.10, 7.2.1). What firmware and loader used for themselves is free once they have left. */
enum { EFI_LOADER_CODE = 1, EFI_BOOT_DATA = 4, EFI_CONVENTIONAL = 7 };
#define EFI_PAGE_BITS       12U
#define EFI_PAGES_MAX       (UINT64_MAX >> EFI_PAGE_BITS)
#define EFI_SPECIAL_PURPOSE 0x40000ULL /* attribute: kept for a driver */

/* One of the two maps: a tag, its first entry, and what reads an entry. */
struct map {
    const uint8_t *tag; /* null: not there */
    uint32_t size;
    uint32_t entries; /* offset of the first one */
    uint32_t width;
    bool (*entry)(const uint8_t *bytes, struct range *out); /* true if usable */
};

/* What the tags said that can only be judged together. */
struct tags {
    struct map memory;
    struct map efi;
    bool rsdp_is_new;
};

static bool text_ends(const uint8_t *text, uint32_t size) { return size > 0 && text[size - 1] == 0; }

static const char *module_read(const uint8_t *tag, uint32_t size, struct multiboot *out) {
    if (size < 17 || !text_ends(tag + 16, size - 16)) {
        return "a module tag is too short";
    }
    if (out->module_count == MULTIBOOT_MODULES_MAX) {
        return "there are more than 16 modules";
    }
    struct multiboot_module module = {
        .base = acpi_read32(tag + 8), .end = acpi_read32(tag + 12), .name = (const char *)tag + 16};
    if (module.end < module.base) {
        return "a module ends before it begins";
    }
    out->modules[out->module_count++] = module;
    return NULL;
}

static bool memory_entry(const uint8_t *bytes, struct range *out) {
    uint64_t length = acpi_read64(bytes + 8);
    out->base = acpi_read64(bytes);
    out->end = out->base + length < out->base ? UINT64_MAX : out->base + length;
    return acpi_read32(bytes + 16) == MEMORY_USABLE;
}

static bool efi_entry(const uint8_t *bytes, struct range *out) {
    uint32_t type = acpi_read32(bytes);
    uint64_t pages = acpi_read64(bytes + 24);
    uint64_t length = pages > EFI_PAGES_MAX ? UINT64_MAX : pages << EFI_PAGE_BITS;
    out->base = acpi_read64(bytes + 8);
    out->end = out->base + length < out->base ? UINT64_MAX : out->base + length;
    bool usable = (type >= EFI_LOADER_CODE && type <= EFI_BOOT_DATA) || type == EFI_CONVENTIONAL;
    return usable && !(acpi_read64(bytes + 32) & EFI_SPECIAL_PURPOSE);
}

static const char *memory_open(const uint8_t *tag, uint32_t size, struct map *out) {
    if (size < MEMORY_MAP_ENTRIES) {
        return "the memory map's tag is too short";
    }
    *out = (struct map){tag, size, MEMORY_MAP_ENTRIES, acpi_read32(tag + 8), memory_entry};
    return out->width < MEMORY_MAP_WIDTH ? "the memory map's entries are shorter than 24 bytes" : NULL;
}

static const char *efi_open(const uint8_t *tag, uint32_t size, struct map *out) {
    if (size < EFI_MAP_ENTRIES) {
        return "the EFI memory map's tag is too short";
    }
    *out = (struct map){tag, size, EFI_MAP_ENTRIES, acpi_read32(tag + 8), efi_entry};
    return out->width < EFI_MAP_WIDTH ? "the EFI memory map's entries are shorter than 40 bytes" : NULL;
}

/* Adds the map's usable entries to the RAM, or takes away all others. False: more ranges than there is room for. */
static bool map_apply(const struct map *map, bool usable, struct ranges *ram) {
    bool fits = true;
    for (uint32_t at = map->entries; map->tag != NULL && map->size - at >= map->width; at += map->width) {
        struct range range;
        if (map->entry(map->tag + at, &range) != usable) {
            continue;
        }
        bool (*change)(struct ranges *, phys_t, phys_t) = usable ? ranges_add : ranges_remove;
        fits = change(ram, range.base, range.end) && fits;
    }
    return fits;
}

/* RAM is what the loader's map calls usable; without one, what EFI's does. What either of them reserves is reserved,
 * wherever in the map that stands. */
static const char *memory_read(const struct tags *tags, struct multiboot *out) {
    bool fits = map_apply(tags->memory.tag != NULL ? &tags->memory : &tags->efi, true, &out->ram);
    fits = map_apply(&tags->memory, false, &out->ram) && fits;
    fits = map_apply(&tags->efi, false, &out->ram) && fits;
    return fits ? NULL : "the memory map has more than 512 ranges of RAM";
}

static const char *tag_read(const uint8_t *tag, uint32_t size, struct multiboot *out, struct tags *tags) {
    uint32_t type = acpi_read32(tag);
    switch (type) {
    case TAG_COMMAND:
        if (!text_ends(tag + 8, size - 8)) {
            return "the command line has no end";
        }
        out->command = (const char *)tag + 8;
        return NULL;
    case TAG_MODULE:
        return module_read(tag, size, out);
    case TAG_MEMORY_MAP:
        return memory_open(tag, size, &tags->memory);
    case TAG_EFI_MAP:
        return efi_open(tag, size, &tags->efi);
    case TAG_EFI_RUNNING:
        return "the loader has left EFI's boot services running";
    case TAG_RSDP_OLD:
    case TAG_RSDP_NEW:
        if (type == TAG_RSDP_NEW || !tags->rsdp_is_new) {
            out->rsdp = tag + 8;
            out->rsdp_size = size - 8;
            tags->rsdp_is_new = type == TAG_RSDP_NEW;
        }
        return NULL;
    default:
        return NULL;
    }
}

const char *multiboot_read(const void *block, size_t size, struct multiboot *out) {
    const uint8_t *bytes = block;
    memset(out, 0, sizeof(*out));
    out->command = "";
    if (size < 16 || acpi_read32(bytes) > size) {
        return "the information block is longer than what can be read";
    }
    uint32_t total = acpi_read32(bytes);
    struct tags tags = {0};
    for (uint32_t at = 8; at < total && total - at >= 8;) {
        uint32_t length = acpi_read32(bytes + at + 4);
        if (length < 8 || length > total - at) {
            return "a tag of the information block has a wrong length";
        }
        if (acpi_read32(bytes + at) == TAG_END) {
            return memory_read(&tags, out);
        }
        const char *what = tag_read(bytes + at, length, out, &tags);
        if (what != NULL) {
            return what;
        }
        at += (uint32_t)round_up(length, 8);
    }
    return "the information block has no end tag";
}

const struct multiboot_module *multiboot_module(const struct multiboot *info, const char *name) {
    for (uint32_t i = 0; i < info->module_count; i++) {
        if (string_equal(info->modules[i].name, name)) {
            return &info->modules[i];
        }
    }
    return NULL;
}
