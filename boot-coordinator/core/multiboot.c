/* SPDX-License-Identifier: MIT
 *
 * Reads the multiboot2 information block. See multiboot.h.
 */
#include "multiboot.h"
#include "multiboot_tags.h"
#include <r4/string.h>

/* One of the two maps: its tag, the smallest entry, and what reads an entry. */
struct map {
    const struct multiboot_map_tag *tag;                 /* null: not there */
    bool (*entry)(const void *bytes, struct range *out); /* true if usable */
};

/* What the tags said that can only be judged together. */
struct tags {
    struct map memory;
    struct map efi;
    bool rsdp_is_new;
};

static bool text_ends(const char *text, size_t size) { return size > 0 && text[size - 1] == 0; }

static bool command_read(const struct multiboot_tag *tag, struct multiboot *out, struct refusal *why) {
    const char *text = (const char *)(tag + 1);
    if (!text_ends(text, tag->size - sizeof(*tag))) {
        return refuse(why, "the command line has no end");
    }
    out->command = text;
    return true;
}

static bool module_read(const struct multiboot_tag *tag, struct multiboot *out, struct refusal *why) {
    const struct multiboot_module_tag *module = (const void *)tag;
    if (tag->size < sizeof(*module) || !text_ends(module->name, tag->size - sizeof(*module))) {
        return refuse(why, "a module tag is too short");
    }
    if (out->module_count == MULTIBOOT_MODULES_MAX) {
        return refuse(why, "there are more than %u modules", MULTIBOOT_MODULES_MAX);
    }
    if (module->end < module->base) {
        return refuse(why, "a module ends before it begins");
    }
    out->modules[out->module_count++] =
        (struct multiboot_module){.base = module->base, .end = module->end, .name = module->name};
    return true;
}

static void range_set(struct range *range, phys_t base, uint64_t size) {
    range->base = base;
    range->end = base + size < base ? UINT64_MAX : base + size;
}

static bool memory_entry(const void *bytes, struct range *out) {
    const struct multiboot_memory *memory = bytes;
    range_set(out, memory->base, memory->size);
    return memory->type == MULTIBOOT_MEMORY_USABLE;
}

static bool efi_entry(const void *bytes, struct range *out) {
    const struct efi_memory *memory = bytes;
    uint32_t type = memory->type;
    range_set(out, memory->base, memory->pages > EFI_PAGES_MAX ? UINT64_MAX : memory->pages << EFI_PAGE_BITS);
    bool usable = (type >= EFI_LOADER_CODE && type <= EFI_BOOT_DATA) || type == EFI_CONVENTIONAL;
    return usable && !(memory->attributes & EFI_SPECIAL_PURPOSE);
}

static bool memory_open(const struct multiboot_tag *tag, struct map *out, struct refusal *why) {
    *out = (struct map){(const void *)tag, memory_entry};
    if (tag->size < sizeof(*out->tag)) {
        return refuse(why, "the memory map's tag is too short");
    }
    return out->tag->width >= sizeof(struct multiboot_memory) ||
           refuse(why, "the memory map's entries are shorter than 24 bytes");
}

static bool efi_open(const struct multiboot_tag *tag, struct map *out, struct refusal *why) {
    *out = (struct map){(const void *)tag, efi_entry};
    if (tag->size < sizeof(*out->tag)) {
        return refuse(why, "the EFI memory map's tag is too short");
    }
    return out->tag->width >= sizeof(struct efi_memory) ||
           refuse(why, "the EFI memory map's entries are shorter than 40 bytes");
}

/* Adds the map's usable entries to the RAM, or takes away all others. False: more ranges than there is room for. */
static bool map_apply(const struct map *map, bool usable, struct ranges *ram) {
    bool (*change)(struct ranges *, phys_t, phys_t) = usable ? ranges_add : ranges_remove;
    bool fits = true;
    if (map->tag == NULL) {
        return true;
    }
    const uint8_t *bytes = (const uint8_t *)map->tag;
    uint32_t size = map->tag->tag.size;
    uint32_t width = map->tag->width;
    for (uint32_t at = sizeof(*map->tag); size - at >= width; at += width) {
        struct range range;
        if (map->entry(bytes + at, &range) == usable) {
            fits = change(ram, range.base, range.end) && fits;
        }
    }
    return fits;
}

/* RAM is what the loader's map calls usable; without one, what EFI's does. What either of them reserves is reserved, at
 * any place in the map. */
static bool memory_read(const struct tags *tags, struct multiboot *out, struct refusal *why) {
    bool fits = map_apply(tags->memory.tag != NULL ? &tags->memory : &tags->efi, true, &out->ram);
    fits = map_apply(&tags->memory, false, &out->ram) && fits;
    fits = map_apply(&tags->efi, false, &out->ram) && fits;
    return fits || refuse(why, "the memory map has more than %u ranges of RAM", RANGES_MAX);
}

static bool tag_read(const struct multiboot_tag *tag, struct multiboot *out, struct tags *tags, struct refusal *why) {
    switch (tag->type) {
    case MULTIBOOT_TAG_COMMAND:
        return command_read(tag, out, why);
    case MULTIBOOT_TAG_MODULE:
        return module_read(tag, out, why);
    case MULTIBOOT_TAG_MEMORY:
        return memory_open(tag, &tags->memory, why);
    case MULTIBOOT_TAG_EFI_MEMORY:
        return efi_open(tag, &tags->efi, why);
    case MULTIBOOT_TAG_EFI_RUNNING:
        return refuse(why, "the loader has left EFI's boot services running");
    case MULTIBOOT_TAG_RSDP_OLD:
    case MULTIBOOT_TAG_RSDP_NEW:
        if (tag->type == MULTIBOOT_TAG_RSDP_NEW || !tags->rsdp_is_new) {
            out->rsdp = tag + 1;
            out->rsdp_size = tag->size - (uint32_t)sizeof(*tag);
            tags->rsdp_is_new = tag->type == MULTIBOOT_TAG_RSDP_NEW;
        }
        return true;
    default:
        return true;
    }
}

bool multiboot_read(const void *block, size_t size, struct multiboot *out, struct refusal *why) {
    const struct multiboot_block *header = block;
    struct tags tags = {.rsdp_is_new = false};
    memset(out, 0, sizeof(*out));
    out->command = "";
    if (!is_aligned((uintptr_t)block, MULTIBOOT_TAG_ALIGNMENT)) {
        return refuse(why, "the information block is misaligned");
    }
    if (size < sizeof(*header) + sizeof(struct multiboot_tag) || header->size > size) {
        return refuse(why, "the information block is longer than what can be read");
    }
    for (uint32_t at = sizeof(*header); at < header->size && header->size - at >= sizeof(struct multiboot_tag);) {
        const struct multiboot_tag *tag = (const void *)((const uint8_t *)block + at);
        if (tag->size < sizeof(*tag) || tag->size > header->size - at) {
            return refuse(why, "a tag of the information block has a wrong length");
        }
        if (tag->type == MULTIBOOT_TAG_END) {
            return memory_read(&tags, out, why);
        }
        if (!tag_read(tag, out, &tags, why)) {
            return false;
        }
        at += (uint32_t)round_up(tag->size, MULTIBOOT_TAG_ALIGNMENT);
    }
    return refuse(why, "the information block has no end tag");
}

const struct multiboot_module *multiboot_module(const struct multiboot *info, const char *name) {
    for (uint32_t i = 0; i < info->module_count; i++) {
        if (string_equal(info->modules[i].name, name)) {
            return &info->modules[i];
        }
    }
    return NULL;
}
