/* SPDX-License-Identifier: MIT
 *
 * Checks ELF files. They are untrusted: every offset, size and index that a reader follows later is compared with the
 * size of the file here, once, by sums that cannot wrap. So readers of a checked file need not check bounds.
 */
#include <r4/elf.h>
#include <r4/string.h>

#define ELF_ALIGNMENT 8U /* of the file in memory, and of the tables in it */

static bool inside(uint64_t offset, uint64_t size, uint64_t limit) { return offset <= limit && size <= limit - offset; }

/* A table of `count` entries of `entry` bytes that is read in place. */
static bool table_inside(const struct elf_file *file, uint64_t offset, uint64_t count, uint64_t entry) {
    return is_aligned(offset, ELF_ALIGNMENT) &&
           inside(offset, count * entry, file->size); /* count is 16-bit: no wrap */
}

static bool check_header(const struct elf_file *file, uint16_t type, struct refusal *why) {
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1}; /* 64-bit, little endian, version 1 */
    if (file->size < sizeof(struct elf_header) || memcmp(file->data, ident, sizeof(ident)) != 0) {
        return refuse(why, "it is no 64-bit little-endian ELF file");
    }
    if (file->header->machine != ELF_MACHINE_X86_64) {
        return refuse(why, "it is not for x86-64");
    }
    if (file->header->type != type) {
        return refuse(why, type == ELF_TYPE_RELOCATABLE ? "it is no relocatable object"
                                                        : "it is no executable at fixed addresses");
    }
    return true;
}

static bool is_string_table(const struct elf_file *file, uint64_t index) {
    if (index >= file->header->section_count) {
        return false;
    }
    const struct elf_section *section = &file->sections[index];
    return section->type == ELF_SECTION_STRTAB && inside(section->offset, section->size, file->size) &&
           section->size > 0 && file->data[section->offset + section->size - 1] == '\0';
}

static bool check_symbols(const struct elf_file *file, const struct elf_section *section, struct refusal *why) {
    if (section->entry_size != sizeof(struct elf_symbol) || !is_aligned(section->offset, ELF_ALIGNMENT)) {
        return refuse(why, "a symbol table has entries of another size or is misaligned");
    }
    if (!is_string_table(file, section->link)) {
        return refuse(why, "a symbol table has no string table");
    }
    const struct elf_symbol *symbols = (const struct elf_symbol *)(const void *)(file->data + section->offset);
    for (uint64_t i = 0; i < section->size / sizeof(*symbols); i++) {
        if (symbols[i].name >= file->sections[section->link].size) {
            return refuse(why, "a symbol's name lies outside its string table");
        }
    }
    return true;
}

static bool check_relocations(const struct elf_file *file, const struct elf_section *section, struct refusal *why) {
    if (section->entry_size != sizeof(struct elf_relocation) || !is_aligned(section->offset, ELF_ALIGNMENT)) {
        return refuse(why, "a relocation table has entries of another size or is misaligned");
    }
    /* entry 0 is reserved: it is never checked */
    if (section->link == 0 || section->link >= file->header->section_count ||
        file->sections[section->link].type != ELF_SECTION_SYMTAB) {
        return refuse(why, "a relocation table has no symbol table");
    }
    if (section->info >= file->header->section_count) {
        return refuse(why, "a relocation table is for a section that does not exist");
    }
    return true;
}

static bool check_section(const struct elf_file *file, const struct elf_section *section, struct refusal *why) {
    if (section->name >= file->sections[file->header->section_names].size) {
        return refuse(why, "a section's name lies outside the string table");
    }
    if (section->type != ELF_SECTION_NOBITS && !inside(section->offset, section->size, file->size)) {
        return refuse(why, "a section lies outside the file");
    }
    if (section->alignment != 0 && !is_aligned(section->alignment, section->alignment)) {
        return refuse(why, "a section's alignment is no power of two");
    }
    if (section->type == ELF_SECTION_SYMTAB) {
        return check_symbols(file, section, why);
    }
    return section->type != ELF_SECTION_RELA || check_relocations(file, section, why);
}

static bool check_sections(struct elf_file *file, struct refusal *why) {
    const struct elf_header *header = file->header;
    if (header->section_count == 0 || header->section_size != sizeof(struct elf_section) ||
        !table_inside(file, header->section_offset, header->section_count, sizeof(struct elf_section))) {
        return refuse(why, "the section table is missing, misaligned or outside the file");
    }
    file->sections = (const struct elf_section *)(const void *)(file->data + header->section_offset);
    if (!is_string_table(file, header->section_names)) {
        return refuse(why, "the sections have no names");
    }
    for (uint32_t i = 1; i < header->section_count; i++) { /* entry 0 is reserved */
        if (!check_section(file, &file->sections[i], why)) {
            return false;
        }
    }
    return true;
}

static bool check_programs(struct elf_file *file, struct refusal *why) {
    const struct elf_header *header = file->header;
    if (header->program_count == 0 || header->program_size != sizeof(struct elf_program) ||
        !table_inside(file, header->program_offset, header->program_count, sizeof(struct elf_program))) {
        return refuse(why, "the segment table is missing, misaligned or outside the file");
    }
    file->programs = (const struct elf_program *)(const void *)(file->data + header->program_offset);
    for (uint32_t i = 0; i < header->program_count; i++) {
        const struct elf_program *program = &file->programs[i];
        if (!inside(program->offset, program->file_size, file->size)) {
            return refuse(why, "a segment lies outside the file");
        }
        if (program->type == ELF_PROGRAM_LOAD && program->file_size > program->memory_size) {
            return refuse(why, "a segment is larger in the file than in memory");
        }
        if (program->virtual_address + program->memory_size < program->virtual_address) {
            return refuse(why, "a segment passes the end of the address space");
        }
    }
    return true;
}

bool elf_open(const void *data, size_t size, uint16_t type, struct elf_file *file, struct refusal *why) {
    *file = (struct elf_file){.data = data, .size = size, .header = data};
    if (!is_aligned((uintptr_t)data, ELF_ALIGNMENT)) {
        return refuse(why, "it is misaligned");
    }
    if (!check_header(file, type, why)) {
        return false;
    }
    return type == ELF_TYPE_RELOCATABLE ? check_sections(file, why) : check_programs(file, why);
}

static const char *string_at(const struct elf_file *file, uint32_t table, uint32_t offset) {
    return (const char *)(file->data + file->sections[table].offset + offset);
}

const char *elf_section_name(const struct elf_file *file, const struct elf_section *section) {
    return string_at(file, file->header->section_names, section->name);
}

const char *elf_symbol_name(const struct elf_file *file, const struct elf_section *table,
                            const struct elf_symbol *symbol) {
    return string_at(file, table->link, symbol->name);
}
