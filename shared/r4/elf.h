/* SPDX-License-Identifier: MIT
 *
 * ELF-64 for x86-64, the part that the coordinator needs: relocatable objects (the kernel) and executables (the root
 * task). Source: System V ABI, generic ELF-64 (gABI 4.1 chapters 4 and 5) and AMD64 supplement 1.0, section 4.4
 * (relocations).
 */
#ifndef R4_ELF_H
#define R4_ELF_H

#include <r4/refusal.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_size;
    uint16_t program_count;
    uint16_t section_size;
    uint16_t section_count;
    uint16_t section_names;
};
R4_SIZE(struct elf_header, 64);

struct elf_section {
    uint32_t name;
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    uint64_t offset;
    uint64_t size;
    uint32_t link;
    uint32_t info;
    uint64_t alignment;
    uint64_t entry_size;
};
R4_SIZE(struct elf_section, 64);

struct elf_symbol {
    uint32_t name;
    uint8_t info; /* binding << 4 | type */
    uint8_t other;
    uint16_t section;
    uint64_t value;
    uint64_t size;
};
R4_SIZE(struct elf_symbol, 24);

struct elf_relocation {
    uint64_t offset;
    uint64_t info; /* symbol << 32 | type */
    int64_t addend;
};
R4_SIZE(struct elf_relocation, 24);

struct elf_program {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};
R4_SIZE(struct elf_program, 56);

enum { ELF_TYPE_RELOCATABLE = 1, ELF_TYPE_EXECUTABLE = 2, ELF_MACHINE_X86_64 = 62 };
enum { ELF_SECTION_PROGBITS = 1, ELF_SECTION_SYMTAB = 2, ELF_SECTION_STRTAB = 3, ELF_SECTION_RELA = 4 };
enum { ELF_SECTION_NOBITS = 8, ELF_SECTION_REL = 9 };
enum { ELF_SYMBOL_UNDEFINED = 0, ELF_SYMBOL_ABSOLUTE = 0xfff1, ELF_SYMBOL_COMMON = 0xfff2 };
enum { ELF_BINDING_LOCAL = 0, ELF_BINDING_GLOBAL = 1, ELF_BINDING_WEAK = 2 };
enum { ELF_FLAG_WRITE = 1, ELF_FLAG_ALLOC = 2, ELF_FLAG_EXEC = 4 };
enum { ELF_PROGRAM_LOAD = 1, ELF_PROGRAM_EXEC = 1, ELF_PROGRAM_WRITE = 2, ELF_PROGRAM_READ = 4 };
enum { R_X86_64_64 = 1, R_X86_64_PC32 = 2, R_X86_64_PLT32 = 4, R_X86_64_32 = 10, R_X86_64_32S = 11 };

/* Checked by elf_open. All tables, names and the contents of sections and segments lie inside the file; each symbol
 * table names a string table, each relocation table a symbol table and a section; alignments are 0 or a power of two.
 * Not checked: symbols' sections and values, relocations' types, symbols and offsets. */
struct elf_file {
    const uint8_t *data;
    size_t size;
    const struct elf_header *header;
    const struct elf_section *sections; /* of a relocatable object; null for an executable: nobody needs them */
    const struct elf_program *programs; /* of an executable; null for a relocatable object */
};

/* Checks `size` bytes at `data` as an ELF-64 x86-64 file of `type`. On a refusal *file is not to be used. */
bool elf_open(const void *data, size_t size, uint16_t type, struct elf_file *file, struct refusal *why);

/* Names in a checked relocatable object; `table` is the symbol's symbol table. */
const char *elf_section_name(const struct elf_file *file, const struct elf_section *section);
const char *elf_symbol_name(const struct elf_file *file, const struct elf_section *table,
                            const struct elf_symbol *symbol);

#endif
