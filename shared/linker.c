/* SPDX-License-Identifier: MIT
 *
 * The boot linker. It does the same as GNU ld with the script that tools/linkgen.py writes, and refuses all that it
 * does not know. Relocation arithmetic: AMD64 supplement 1.0, table 4.10, with S the symbol's value, A the addend, P
 * the place.
 */
#include <r4/linker.h>
#include <r4/string.h>

#define LINKER_IMAGE_MAX (1ULL << 31) /* what 32-bit displacements reach */
#define LINKER_KNOWN     32U          /* of the list's first symbols it is remembered which of the object's they are */

static const char *const section_names[LINKER_SECTIONS] = {".text", ".rodata", ".data", ".bss"};

struct link { /* one run of linker_link */
    const struct elf_file *file;
    const struct linker_plan *plan;
    uint64_t virtual_base;
    const struct linker_symbol *symbols;
    size_t symbol_count;
    uint8_t *image;
    const struct elf_symbol *known[LINKER_KNOWN]; /* the object's symbol of that name, once it was met */
};

struct place { /* what one relocation patches */
    uint8_t *bytes;
    uint64_t address;
};

static bool plan_section(const struct elf_file *file, uint16_t index, struct linker_plan *plan, struct refusal *why) {
    const struct elf_section *section = &file->sections[index];
    const char *name = elf_section_name(file, section);
    for (unsigned i = 0; i < LINKER_SECTIONS; i++) {
        if (!string_equal(name, section_names[i])) {
            continue;
        }
        if (plan->section[i] != 0) {
            return refuse(why, "%s: the section appears twice", name);
        }
        if (section->type != (i == LINKER_BSS ? ELF_SECTION_NOBITS : ELF_SECTION_PROGBITS)) {
            return refuse(why, "%s: the section has the wrong type", name);
        }
        if (section->alignment > R4_PAGE_SIZE) {
            return refuse(why, "%s: the section is to be aligned to more than a page", name);
        }
        if (section->size > LINKER_IMAGE_MAX) {
            return refuse(why, "%s: the section is too large", name);
        }
        plan->section[i] = index;
        plan->size[i] = section->size;
        return true;
    }
    return refuse(why, "%s: the section is to be loaded and has no place in the image", name);
}

bool linker_plan(const struct elf_file *file, struct linker_plan *plan, struct refusal *why) {
    *plan = (struct linker_plan){0};
    for (uint16_t i = 1; i < file->header->section_count; i++) {
        const struct elf_section *section = &file->sections[i];
        if ((section->flags & ELF_FLAG_ALLOC) != 0) {
            if (!plan_section(file, i, plan, why)) {
                return false;
            }
        }
    }
    uint64_t end = 0;
    for (unsigned i = 0; i < LINKER_SECTIONS; i++) {
        plan->offset[i] = end;
        end = round_up(end + plan->size[i], R4_PAGE_SIZE);
    }
    plan->image_size = end;
    return end <= LINKER_IMAGE_MAX || refuse(why, "the image is too large");
}

/* Which of the four sections the object's section `index` is; LINKER_SECTIONS if none. */
static unsigned section_place(const struct linker_plan *plan, uint32_t index) {
    unsigned i = 0;
    while (i < LINKER_SECTIONS && (index == 0 || plan->section[i] != index)) {
        i++;
    }
    return i;
}

/* The list's symbol of that name, or null. */
static const struct linker_symbol *listed_symbol(struct link *link, const struct elf_section *table,
                                                 const struct elf_symbol *symbol) {
    size_t known = link->symbol_count < LINKER_KNOWN ? link->symbol_count : LINKER_KNOWN;
    for (size_t i = 0; i < known; i++) {
        if (link->known[i] == symbol) {
            return &link->symbols[i];
        }
    }
    const char *name = elf_symbol_name(link->file, table, symbol);
    for (size_t i = 0; i < link->symbol_count; i++) {
        if (string_equal(link->symbols[i].name, name)) {
            if (i < known) {
                link->known[i] = symbol;
            }
            return &link->symbols[i];
        }
    }
    return NULL;
}

static bool undefined_value(struct link *link, const struct elf_section *table, const struct elf_symbol *symbol,
                            uint64_t *value, struct refusal *why) {
    if (symbol->info >> 4 == ELF_BINDING_WEAK) {
        return refuse(why, "the symbol is weak and undefined");
    }
    const struct linker_symbol *listed = listed_symbol(link, table, symbol);
    if (listed == NULL) {
        return refuse(why, "the symbol is undefined");
    }
    *value = listed->value;
    return true;
}

static bool symbol_value(struct link *link, const struct elf_section *table, const struct elf_symbol *symbol,
                         uint64_t *value, struct refusal *why) {
    if (symbol->section == ELF_SYMBOL_UNDEFINED) {
        return undefined_value(link, table, symbol, value, why);
    }
    if (symbol->section == ELF_SYMBOL_ABSOLUTE) {
        *value = symbol->value;
        return true;
    }
    if (symbol->section == ELF_SYMBOL_COMMON) {
        return refuse(why, "the symbol is common: compile with -fno-common");
    }
    unsigned place = section_place(link->plan, symbol->section);
    if (place == LINKER_SECTIONS) {
        return refuse(why, "the symbol lies in a section that is not loaded");
    }
    *value = link->virtual_base + link->plan->offset[place] + symbol->value;
    return true;
}

static uint64_t relocation_width(uint32_t type) {
    switch (type) {
    case R_X86_64_64:
        return 8;
    case R_X86_64_PC32:
    case R_X86_64_PLT32: /* all code is in one image: a call needs no table */
    case R_X86_64_32:
    case R_X86_64_32S:
        return 4;
    default:
        return 0;
    }
}

/* Writes S + A or S + A - P; false if it does not fit. */
static bool place_write(const struct place *place, uint32_t type, uint64_t value) {
    if (type == R_X86_64_PC32 || type == R_X86_64_PLT32) {
        value -= place->address;
    }
    if (type == R_X86_64_64) {
        __builtin_memcpy(place->bytes, &value, sizeof(value)); /* one store, wherever it lies */
        return true;
    }
    uint32_t word = (uint32_t)value;
    uint64_t seen = type == R_X86_64_32 ? word : (uint64_t)(int64_t)(int32_t)word; /* by the instruction */
    __builtin_memcpy(place->bytes, &word, sizeof(word));
    return seen == value;
}

/* A symbol's name. The symbol of a section has none: then the section's. */
static const char *symbol_label(const struct elf_file *file, const struct elf_section *table,
                                const struct elf_symbol *symbol) {
    const char *name = elf_symbol_name(file, table, symbol);
    bool in_section = symbol->section != ELF_SYMBOL_UNDEFINED && symbol->section < file->header->section_count;
    return *name == '\0' && in_section ? elf_section_name(file, &file->sections[symbol->section]) : name;
}

/* Applies one relocation of section `target`, which has contents, by the symbol of `table` that it names. */
static bool relocate_by(struct link *link, const struct elf_relocation *relocation, unsigned target,
                        const struct elf_section *table, const struct elf_symbol *symbol, struct refusal *why) {
    uint32_t type = (uint32_t)relocation->info;
    uint64_t width = relocation_width(type);
    uint64_t size = link->plan->size[target];
    if (width == 0) {
        return refuse(why, "the relocation has an unknown type");
    }
    if (relocation->offset > size || width > size - relocation->offset) {
        return refuse(why, "the relocation lies outside its section");
    }
    uint64_t value = 0; /* of symbol 0, which means none */
    if (relocation->info >> 32 != 0 && !symbol_value(link, table, symbol, &value, why)) {
        return false;
    }
    uint64_t offset = link->plan->offset[target] + relocation->offset;
    struct place place = {link->image + offset, link->virtual_base + offset};
    return place_write(&place, type, value + (uint64_t)relocation->addend) ||
           refuse(why, "the value does not fit the relocation");
}

/* The symbols that the relocations of a table name. */
struct named {
    const struct elf_section *table;
    const struct elf_symbol *symbols;
    uint64_t count;
};

/* A refusal names symbol, type and offset. */
static bool relocate(struct link *link, const struct named *named, unsigned target,
                     const struct elf_relocation *relocation, struct refusal *why) {
    uint64_t index = relocation->info >> 32;
    uint32_t type = (uint32_t)relocation->info;
    if (index >= named->count) {
        return refuse(why, "the relocation names a symbol that does not exist (type %u at 0x%lx)", type,
                      relocation->offset);
    }
    struct refusal what;
    const struct elf_symbol *symbol = &named->symbols[index];
    return relocate_by(link, relocation, target, named->table, symbol, &what) ||
           refuse(why, "%s: %s (type %u at 0x%lx)", symbol_label(link->file, named->table, symbol), what.text, type,
                  relocation->offset);
}

static bool relocate_section(struct link *link, const struct elf_section *table, struct refusal *why) {
    unsigned target = section_place(link->plan, table->info);
    if (target == LINKER_SECTIONS) { /* debug information and the like */
        return true;
    }
    const char *name = section_names[target];
    if (table->type == ELF_SECTION_REL || target == LINKER_BSS) {
        return refuse(why, "%s: the section's relocations have no addends or no contents to change", name);
    }
    const struct elf_relocation *relocations = (const void *)(link->file->data + table->offset);
    const struct elf_section *symbols = &link->file->sections[table->link];
    const struct named named = {symbols, (const void *)(link->file->data + symbols->offset),
                                symbols->size / sizeof(struct elf_symbol)};
    uint64_t count = table->size / sizeof(*relocations);
    for (uint64_t i = 0; i < count; i++) {
        if (!relocate(link, &named, target, &relocations[i], why)) {
            return false;
        }
    }
    return true;
}

/* Copies the sections that have contents; zeroes the gaps after them, and .bss. */
static void sections_copy(const struct link *link) {
    const struct linker_plan *plan = link->plan;
    uint64_t filled = 0;
    for (unsigned i = 0; i < LINKER_BSS; i++) {
        if (plan->section[i] != 0) {
            const struct elf_section *section = &link->file->sections[plan->section[i]];
            memset(link->image + filled, 0, plan->offset[i] - filled);
            memcpy(link->image + plan->offset[i], link->file->data + section->offset, plan->size[i]);
            filled = plan->offset[i] + plan->size[i];
        }
    }
    memset(link->image + filled, 0, plan->image_size - filled);
}

bool linker_link(const struct elf_file *file, const struct linker_plan *plan, uint64_t virtual_base,
                 const struct linker_symbol *symbols, size_t symbol_count, uint8_t *image, struct refusal *why) {
    struct link link = {file, plan, virtual_base, symbols, symbol_count, NULL, {NULL}};
    link.image = image;
    sections_copy(&link);
    for (uint32_t i = 1; i < file->header->section_count; i++) {
        const struct elf_section *table = &file->sections[i];
        if (table->type == ELF_SECTION_RELA || table->type == ELF_SECTION_REL) {
            if (!relocate_section(&link, table, why)) {
                return false;
            }
        }
    }
    return true;
}

static uint64_t table_find(const struct elf_file *file, const struct elf_section *table, const struct linker_plan *plan,
                           uint64_t virtual_base, const char *name) {
    const struct elf_symbol *symbols = (const void *)(file->data + table->offset);
    for (uint64_t i = 1; i < table->size / sizeof(*symbols); i++) {
        unsigned place = section_place(plan, symbols[i].section);
        if (symbols[i].info >> 4 != ELF_BINDING_LOCAL && place != LINKER_SECTIONS &&
            string_equal(elf_symbol_name(file, table, &symbols[i]), name)) {
            return virtual_base + plan->offset[place] + symbols[i].value;
        }
    }
    return 0;
}

uint64_t linker_find(const struct elf_file *file, const struct linker_plan *plan, uint64_t virtual_base,
                     const char *name) {
    for (uint32_t i = 1; i < file->header->section_count; i++) {
        if (file->sections[i].type == ELF_SECTION_SYMTAB) {
            uint64_t address = table_find(file, &file->sections[i], plan, virtual_base, name);
            if (address != 0) {
                return address;
            }
        }
    }
    return 0;
}
