/* SPDX-License-Identifier: MIT
 *
 * elf_open() on good files, on the same cut at every length, and with each field spoiled that a reader would follow.
 */
#include "object.h"
#include "suite.h"
#include <stdlib.h>

struct executable {
    struct elf_header header;
    struct elf_program programs[2];
    uint8_t code[64];
};

static void executable_init(struct executable *executable) {
    *executable = (struct executable){
        .header = {.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                   .type = ELF_TYPE_EXECUTABLE,
                   .machine = ELF_MACHINE_X86_64,
                   .version = 1,
                   .entry = 0x400000,
                   .program_offset = offsetof(struct executable, programs),
                   .header_size = sizeof(struct elf_header),
                   .program_size = sizeof(struct elf_program),
                   .program_count = 2},
        .programs = {{ELF_PROGRAM_LOAD, ELF_PROGRAM_READ | ELF_PROGRAM_EXEC, offsetof(struct executable, code),
                      0x400000, 0, sizeof(executable->code), 4096, 4096},
                     {ELF_PROGRAM_LOAD, ELF_PROGRAM_READ | ELF_PROGRAM_WRITE, 0, 0x401000, 0, 0, 4096, 4096}},
    };
}

static struct refusal why;

/* From a buffer of exactly `size` bytes. */
static bool open_copy(const void *data, size_t size, uint16_t type) {
    void *copy = malloc(size);
    memcpy(copy, data, size);
    struct elf_file file;
    bool good = elf_open(copy, size, type, &file, &why);
    free(copy);
    return good;
}

static void expect_refused(bool good, const char *text) {
    ck_assert(!good);
    ck_assert_str_eq(why.text, text);
}

START_TEST(test_good_object) {
    struct object object;
    struct elf_file file;
    object_init(&object);
    ck_assert(elf_open(&object, sizeof(object), ELF_TYPE_RELOCATABLE, &file, &why));
    ck_assert_ptr_eq(file.sections, object.sections);
    ck_assert_ptr_null(file.programs);
    ck_assert_str_eq(elf_section_name(&file, &file.sections[OBJECT_BSS]), ".bss");
    ck_assert_str_eq(elf_symbol_name(&file, &file.sections[OBJECT_SYMBOLS], &object.symbols[OBJECT_MAYBE]), "maybe");
}
END_TEST

START_TEST(test_good_executable) {
    struct executable executable;
    struct elf_file file;
    executable_init(&executable);
    ck_assert(elf_open(&executable, sizeof(executable), ELF_TYPE_EXECUTABLE, &file, &why));
    ck_assert_ptr_eq(file.programs, executable.programs);
    ck_assert_ptr_null(file.sections);
}
END_TEST

START_TEST(test_truncated_at_every_length) {
    struct object object;
    struct executable executable;
    object_init(&object);
    executable_init(&executable);
    for (size_t size = 1; size < sizeof(object); size++) {
        ck_assert(!open_copy(&object, size, ELF_TYPE_RELOCATABLE));
    }
    for (size_t size = 1; size < sizeof(executable); size++) {
        ck_assert(!open_copy(&executable, size, ELF_TYPE_EXECUTABLE));
    }
}
END_TEST

START_TEST(test_wrong_type) {
    struct object object;
    struct executable executable;
    object_init(&object);
    executable_init(&executable);
    expect_refused(open_copy(&executable, sizeof(executable), ELF_TYPE_RELOCATABLE), "it is no relocatable object");
    expect_refused(open_copy(&object, sizeof(object), ELF_TYPE_EXECUTABLE), "it is no executable at fixed addresses");
}
END_TEST

struct spoiled {
    size_t offset;
    size_t width;
    uint64_t value;
    const char *text;
};

#define AT(type, field)       offsetof(struct type, field), sizeof(((struct type *)0)->field)
#define HEADER(field)         AT(object, header.field)
#define SECTION(index, field) AT(object, sections[index].field)

static const char table_wrong[] = "the section table is missing, misaligned or outside the file";
static const char symbols_wrong[] = "a symbol table has entries of another size or is misaligned";
static const char relocations_wrong[] = "a relocation table has entries of another size or is misaligned";
static const char no_strings[] = "a symbol table has no string table";
static const char outside[] = "a section lies outside the file";
static const char no_symbols[] = "a relocation table has no symbol table";

static const struct spoiled objects[] = {
    {HEADER(ident[0]), 0, "it is no 64-bit little-endian ELF file"},
    {HEADER(ident[4]), 1, "it is no 64-bit little-endian ELF file"},
    {HEADER(ident[5]), 2, "it is no 64-bit little-endian ELF file"},
    {HEADER(machine), 3, "it is not for x86-64"},
    {HEADER(section_count), 0, table_wrong},
    {HEADER(section_count), 0xffff, table_wrong},
    {HEADER(section_size), 63, table_wrong},
    {HEADER(section_offset), offsetof(struct object, sections) + 4, table_wrong},
    {HEADER(section_offset), sizeof(struct object) + 8, table_wrong},
    {HEADER(section_offset), UINT64_MAX - 7, table_wrong},
    {HEADER(section_names), OBJECT_SECTION_COUNT, "the sections have no names"},
    {HEADER(section_names), OBJECT_TEXT, "the sections have no names"},
    {SECTION(OBJECT_NAMES, size), 0, "the sections have no names"},
    {SECTION(OBJECT_NAMES, size), 3, "the sections have no names"}, /* no zero at its end */
    {SECTION(OBJECT_NAMES, offset), UINT64_MAX, "the sections have no names"},
    {SECTION(OBJECT_DATA, name), 96, "a section's name lies outside the string table"},
    {SECTION(OBJECT_DATA, name), UINT32_MAX, "a section's name lies outside the string table"},
    {SECTION(OBJECT_DATA, offset), sizeof(struct object), outside},
    {SECTION(OBJECT_DATA, offset), UINT64_MAX, outside},
    {SECTION(OBJECT_DATA, size), UINT64_MAX, outside},
    {SECTION(OBJECT_DATA, alignment), 24, "a section's alignment is no power of two"},
    {SECTION(OBJECT_SYMBOLS, entry_size), 0, symbols_wrong},
    {SECTION(OBJECT_SYMBOLS, offset), offsetof(struct object, symbols) + 4, symbols_wrong},
    {SECTION(OBJECT_SYMBOLS, link), OBJECT_TEXT, no_strings},
    {SECTION(OBJECT_SYMBOLS, link), OBJECT_SECTION_COUNT, no_strings},
    {SECTION(OBJECT_STRINGS, size), 0, no_strings},
    {SECTION(OBJECT_STRINGS, size), UINT64_MAX, no_strings},
    {AT(object, strings[63]), 'x', no_strings},
    {AT(object, symbols[OBJECT_ENTRY].name), 64, "a symbol's name lies outside its string table"},
    {SECTION(OBJECT_RELA_TEXT, entry_size), 16, relocations_wrong},
    {SECTION(OBJECT_RELA_TEXT, offset), offsetof(struct object, rela_text) + 1, relocations_wrong},
    {SECTION(OBJECT_RELA_TEXT, link), OBJECT_STRINGS, no_symbols},
    {SECTION(OBJECT_RELA_TEXT, link), UINT32_MAX, no_symbols},
    {SECTION(OBJECT_RELA_TEXT, info), OBJECT_SECTION_COUNT, "a relocation table is for a section that does not exist"},
};

START_TEST(test_each_field_of_objects) {
    for (size_t i = 0; i < R4_COUNT(objects); i++) {
        struct object object;
        object_init(&object);
        poke(&object, objects[i].offset, objects[i].width, objects[i].value);
        bool good = open_copy(&object, sizeof(object), ELF_TYPE_RELOCATABLE);
        ck_assert_msg(!good && strcmp(why.text, objects[i].text) == 0, "case %zu: %s", i, why.text);
    }
}
END_TEST

/* Section 0 is reserved and nobody checks it: it cannot stand in for a symbol table, whatever its type says. */
START_TEST(test_reserved_section) {
    struct object object;
    object_init(&object);
    object.sections[0] = object.sections[OBJECT_SYMBOLS];
    object.sections[0].offset = 1ULL << 40;
    object.sections[OBJECT_RELA_TEXT].link = 0;
    expect_refused(open_copy(&object, sizeof(object), ELF_TYPE_RELOCATABLE), no_symbols);
}
END_TEST

static const char segments_wrong[] = "the segment table is missing, misaligned or outside the file";

static const struct spoiled executables[] = {
    {AT(executable, header.program_count), 0, segments_wrong},
    {AT(executable, header.program_count), 0xffff, segments_wrong},
    {AT(executable, header.program_size), 64, segments_wrong},
    {AT(executable, header.program_offset), 65, segments_wrong},
    {AT(executable, header.program_offset), UINT64_MAX - 7, segments_wrong},
    {AT(executable, programs[0].offset), UINT64_MAX, "a segment lies outside the file"},
    {AT(executable, programs[0].file_size), 65, "a segment lies outside the file"},
    {AT(executable, programs[0].file_size), UINT64_MAX, "a segment lies outside the file"},
    {AT(executable, programs[0].memory_size), 63, "a segment is larger in the file than in memory"},
    {AT(executable, programs[1].memory_size), UINT64_MAX, "a segment passes the end of the address space"},
    {AT(executable, programs[1].virtual_address), UINT64_MAX, "a segment passes the end of the address space"},
};

START_TEST(test_each_field_of_executables) {
    for (size_t i = 0; i < R4_COUNT(executables); i++) {
        struct executable executable;
        executable_init(&executable);
        poke(&executable, executables[i].offset, executables[i].width, executables[i].value);
        bool good = open_copy(&executable, sizeof(executable), ELF_TYPE_EXECUTABLE);
        ck_assert_msg(!good && strcmp(why.text, executables[i].text) == 0, "case %zu: %s", i, why.text);
    }
}
END_TEST

SUITE_MAIN("elf", test_good_object, test_good_executable, test_truncated_at_every_length, test_wrong_type,
           test_each_field_of_objects, test_reserved_section, test_each_field_of_executables)
