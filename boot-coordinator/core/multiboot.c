/* SPDX-License-Identifier: MIT
 *
 * Reads the multiboot2 information block. See multiboot.h.
 */
#include "multiboot.h"
#include "acpi.h"
#include <r4/string.h>

enum { TAG_END = 0, TAG_COMMAND = 1, TAG_MODULE = 3, TAG_MEMORY_MAP = 6, TAG_RSDP_OLD = 14, TAG_RSDP_NEW = 15 };

#define MEMORY_MAP_ENTRIES 16U /* offsets in the tag, and in an entry */
#define MEMORY_USABLE      1U

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

/* Twice over the map: an entry that is not usable wins over one that is, wherever the two stand. */
static const char *memory_read(const uint8_t *tag, uint32_t size, struct multiboot *out) {
    if (size < MEMORY_MAP_ENTRIES) {
        return "the memory map's tag is too short";
    }
    uint32_t width = acpi_read32(tag + 8);
    if (width < 24) {
        return "the memory map's entries are shorter than 24 bytes";
    }
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t at = MEMORY_MAP_ENTRIES; size - at >= width; at += width) {
            phys_t base = acpi_read64(tag + at);
            uint64_t length = acpi_read64(tag + at + 8);
            phys_t end = base + length < base ? UINT64_MAX : base + length;
            bool usable = acpi_read32(tag + at + 16) == MEMORY_USABLE;
            bool fits = true;
            if (pass == 0 && usable) {
                fits = ranges_add(&out->ram, base, end);
            } else if (pass == 1 && !usable) {
                fits = ranges_remove(&out->ram, base, end);
            }
            if (!fits) {
                return "the memory map has more than 512 ranges of RAM";
            }
        }
    }
    return NULL;
}

static const char *tag_read(uint32_t type, const uint8_t *tag, uint32_t size, struct multiboot *out) {
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
        return memory_read(tag, size, out);
    case TAG_RSDP_OLD:
    case TAG_RSDP_NEW:
        if (size - 8 > out->rsdp_size) {
            out->rsdp = tag + 8;
            out->rsdp_size = size - 8;
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
    for (uint32_t at = 8; at < total && total - at >= 8;) {
        uint32_t type = acpi_read32(bytes + at);
        uint32_t length = acpi_read32(bytes + at + 4);
        if (length < 8 || length > total - at) {
            return "a tag of the information block has a wrong length";
        }
        if (type == TAG_END) {
            return NULL;
        }
        const char *what = tag_read(type, bytes + at, length, out);
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
