/* SPDX-License-Identifier: MIT
 *
 * A small relocatable object in memory, as one structure, so that a test can spoil any field by its name: the four
 * sections, a section of debug information, symbols of every sort, and one relocation for .text to begin with.
 */
#ifndef R4_TESTS_OBJECT_H
#define R4_TESTS_OBJECT_H

#include <r4/elf.h>
#include <string.h>

enum object_section {
    OBJECT_TEXT = 1,
    OBJECT_RODATA,
    OBJECT_DATA,
    OBJECT_BSS,
    OBJECT_DEBUG,
    OBJECT_SYMBOLS,
    OBJECT_STRINGS,
    OBJECT_NAMES,
    OBJECT_RELA_TEXT,
    OBJECT_RELA_DEBUG,
    OBJECT_SECTION_COUNT
};

enum object_symbol {
    OBJECT_RODATA_SECTION = 1, /* the section's own symbol */
    OBJECT_LOCAL,              /* text + 8 */
    OBJECT_ENTRY,              /* text + 16, global */
    OBJECT_TABLE,              /* bss + 24, global */
    OBJECT_CONSTANT,           /* undefined */
    OBJECT_NOWHERE,            /* undefined */
    OBJECT_MAYBE,              /* undefined, weak */
    OBJECT_ABSOLUTE,           /* 0x1234, absolute */
    OBJECT_COMMON,
    OBJECT_IN_DEBUG,
    OBJECT_SYMBOL_COUNT
};

struct object {
    struct elf_header header;
    struct elf_section sections[OBJECT_SECTION_COUNT];
    uint8_t text[64];
    uint8_t rodata[48];
    uint8_t data[40];
    uint8_t debug[16];
    struct elf_symbol symbols[OBJECT_SYMBOL_COUNT];
    struct elf_relocation rela_text[1];
    struct elf_relocation rela_debug[1];
    char strings[64];
    char names[96];
};

#define OBJECT_BSS_SIZE 5000U

/* Appends `name` to a string table and returns its offset; offset 0 is the empty name. */
static inline uint32_t object_name(char *table, const char *name) {
    uint32_t at = 1;
    while (table[at] != '\0') {
        at += (uint32_t)strlen(table + at) + 1;
    }
    strcpy(table + at, name);
    return at;
}

static inline void object_section(struct object *object, enum object_section index, const char *name, uint32_t type,
                                  const void *start, uint64_t size) {
    struct elf_section *section = &object->sections[index];
    section->name = object_name(object->names, name);
    section->type = type;
    section->offset = start == NULL ? 0 : (uint64_t)((const char *)start - (const char *)object);
    section->size = size;
    section->alignment = 16;
}

static inline void object_symbol(struct object *object, enum object_symbol index, const char *name, unsigned binding,
                                 unsigned section, uint64_t value) {
    object->symbols[index] = (struct elf_symbol){.name = *name == '\0' ? 0 : object_name(object->strings, name),
                                                 .info = (uint8_t)(binding << 4),
                                                 .section = (uint16_t)section,
                                                 .value = value};
}

static inline void object_sections(struct object *object) {
    object_section(object, OBJECT_TEXT, ".text", ELF_SECTION_PROGBITS, object->text, sizeof(object->text));
    object_section(object, OBJECT_RODATA, ".rodata", ELF_SECTION_PROGBITS, object->rodata, sizeof(object->rodata));
    object_section(object, OBJECT_DATA, ".data", ELF_SECTION_PROGBITS, object->data, sizeof(object->data));
    object_section(object, OBJECT_BSS, ".bss", ELF_SECTION_NOBITS, NULL, OBJECT_BSS_SIZE);
    object_section(object, OBJECT_DEBUG, ".debug", ELF_SECTION_PROGBITS, object->debug, sizeof(object->debug));
    object_section(object, OBJECT_SYMBOLS, ".symtab", ELF_SECTION_SYMTAB, object->symbols, sizeof(object->symbols));
    object_section(object, OBJECT_STRINGS, ".strtab", ELF_SECTION_STRTAB, object->strings, sizeof(object->strings));
    object_section(object, OBJECT_NAMES, ".shstrtab", ELF_SECTION_STRTAB, object->names, sizeof(object->names));
    object_section(object, OBJECT_RELA_TEXT, ".rela.text", ELF_SECTION_RELA, object->rela_text,
                   sizeof(object->rela_text));
    object_section(object, OBJECT_RELA_DEBUG, ".rela.debug", ELF_SECTION_RELA, object->rela_debug,
                   sizeof(object->rela_debug));
    for (unsigned i = OBJECT_TEXT; i <= OBJECT_BSS; i++) {
        object->sections[i].flags = ELF_FLAG_ALLOC;
    }
    object->sections[OBJECT_SYMBOLS].link = OBJECT_STRINGS;
    object->sections[OBJECT_SYMBOLS].entry_size = sizeof(struct elf_symbol);
    for (unsigned i = OBJECT_RELA_TEXT; i <= OBJECT_RELA_DEBUG; i++) {
        object->sections[i].link = OBJECT_SYMBOLS;
        object->sections[i].info = i == OBJECT_RELA_TEXT ? OBJECT_TEXT : OBJECT_DEBUG;
        object->sections[i].entry_size = sizeof(struct elf_relocation);
    }
}

static inline void object_symbols(struct object *object) {
    object_symbol(object, OBJECT_RODATA_SECTION, "", ELF_BINDING_LOCAL, OBJECT_RODATA, 0);
    object_symbol(object, OBJECT_LOCAL, "local", ELF_BINDING_LOCAL, OBJECT_TEXT, 8);
    object_symbol(object, OBJECT_ENTRY, "entry", ELF_BINDING_GLOBAL, OBJECT_TEXT, 16);
    object_symbol(object, OBJECT_TABLE, "table", ELF_BINDING_GLOBAL, OBJECT_BSS, 24);
    object_symbol(object, OBJECT_CONSTANT, "constant", ELF_BINDING_GLOBAL, ELF_SYMBOL_UNDEFINED, 0);
    object_symbol(object, OBJECT_NOWHERE, "nowhere", ELF_BINDING_GLOBAL, ELF_SYMBOL_UNDEFINED, 0);
    object_symbol(object, OBJECT_MAYBE, "maybe", ELF_BINDING_WEAK, ELF_SYMBOL_UNDEFINED, 0);
    object_symbol(object, OBJECT_ABSOLUTE, "fixed", ELF_BINDING_GLOBAL, ELF_SYMBOL_ABSOLUTE, 0x1234);
    object_symbol(object, OBJECT_COMMON, "shared", ELF_BINDING_GLOBAL, ELF_SYMBOL_COMMON, 8);
    object_symbol(object, OBJECT_IN_DEBUG, "note", ELF_BINDING_LOCAL, OBJECT_DEBUG, 4);
}

static inline void object_init(struct object *object) {
    memset(object, 0, sizeof(*object));
    object->header = (struct elf_header){.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                                         .type = ELF_TYPE_RELOCATABLE,
                                         .machine = ELF_MACHINE_X86_64,
                                         .version = 1,
                                         .section_offset = offsetof(struct object, sections),
                                         .header_size = sizeof(struct elf_header),
                                         .section_size = sizeof(struct elf_section),
                                         .section_count = OBJECT_SECTION_COUNT,
                                         .section_names = OBJECT_NAMES};
    object_sections(object);
    object_symbols(object);
    memset(object->text, 0x90, sizeof(object->text));
    memset(object->rodata, 0x11, sizeof(object->rodata));
    memset(object->data, 0x22, sizeof(object->data));
    object->rela_text[0] = (struct elf_relocation){0, (uint64_t)OBJECT_ENTRY << 32 | R_X86_64_64, 0};
    object->rela_debug[0] = (struct elf_relocation){0, (uint64_t)OBJECT_NOWHERE << 32 | 99, 0};
}

#endif
