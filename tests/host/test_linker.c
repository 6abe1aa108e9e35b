/* SPDX-License-Identifier: MIT
 *
 * The boot linker on small objects: where sections go, what each relocation type writes, the first and last value that
 * fits, and every refusal. That whole kernels come out as GNU ld links them is tests/linkgen's to show.
 */
#include "object.h"
#include "suite.h"
#include <r4/linker.h>
#include <stdio.h>
#include <stdlib.h>

#define BASE       0xffffffff81000000ULL
#define IMAGE_SIZE (5 * 4096U)

static const struct linker_symbol symbols[] = {{"other", 1}, {"constant", 0xffff808000000000ULL}};

struct linked {
    struct object object;
    struct elf_file file;
    struct linker_plan plan;
    struct refusal why;
    uint8_t *image; /* of exactly the planned size; null: it was refused */
};

static void link_object(struct linked *linked) {
    struct refusal *why = &linked->why;
    ck_assert(elf_open(&linked->object, sizeof(linked->object), ELF_TYPE_RELOCATABLE, &linked->file, why));
    linked->image = NULL;
    if (!linker_plan(&linked->file, &linked->plan, why)) {
        return;
    }
    uint8_t *image = malloc(linked->plan.image_size);
    memset(image, 0xee, linked->plan.image_size);
    if (linker_link(&linked->file, &linked->plan, BASE, symbols, R4_COUNT(symbols), image, why)) {
        linked->image = image;
    } else {
        free(image);
    }
}

/* Links the sample with its one relocation replaced; the 8 bytes at its place, or 0 and *why if it was refused. */
static uint64_t relocate(struct refusal *why, enum object_symbol symbol, uint32_t type, int64_t addend,
                         uint64_t offset) {
    struct linked linked;
    object_init(&linked.object);
    linked.object.rela_text[0] = (struct elf_relocation){offset, (uint64_t)symbol << 32 | type, addend};
    link_object(&linked);
    uint64_t word = 0;
    why->text[0] = '\0';
    if (linked.image != NULL) {
        memcpy(&word, linked.image + offset, sizeof(word));
    } else {
        *why = linked.why;
    }
    free(linked.image);
    return word;
}

START_TEST(test_plan) {
    struct linked linked;
    object_init(&linked.object);
    link_object(&linked);
    ck_assert_ptr_nonnull(linked.image);
    for (unsigned i = 0; i < LINKER_SECTIONS; i++) {
        ck_assert_uint_eq(linked.plan.offset[i], i * 4096U);
        ck_assert_uint_eq(linked.plan.section[i], OBJECT_TEXT + i);
    }
    ck_assert_uint_eq(linked.plan.size[LINKER_DATA], 40);
    ck_assert_uint_eq(linked.plan.image_size, IMAGE_SIZE);
    free(linked.image);
}
END_TEST

START_TEST(test_image) {
    struct linked linked;
    uint8_t expected[IMAGE_SIZE] = {0};
    object_init(&linked.object);
    link_object(&linked);
    memset(expected, 0x90, 64);
    memset(expected + 4096, 0x11, 48);
    memset(expected + 8192, 0x22, 40);
    memcpy(expected, &(uint64_t){BASE + 16}, 8);
    ck_assert_mem_eq(linked.image, expected, IMAGE_SIZE);
    free(linked.image);
}
END_TEST

START_TEST(test_missing_sections) {
    struct linked linked;
    object_init(&linked.object);
    linked.object.sections[OBJECT_RODATA].flags = 0;
    linked.object.sections[OBJECT_BSS].flags = 0;
    link_object(&linked);
    ck_assert_ptr_nonnull(linked.image);
    ck_assert_uint_eq(linked.plan.section[LINKER_RODATA], 0);
    ck_assert_uint_eq(linked.plan.size[LINKER_RODATA], 0);
    ck_assert_uint_eq(linked.plan.offset[LINKER_DATA], 4096);
    ck_assert_uint_eq(linked.plan.image_size, 8192);
    free(linked.image);
}
END_TEST

#define LOW(word) ((word)&0xffffffffU)

START_TEST(test_five_types) {
    struct refusal why;
    ck_assert_uint_eq(relocate(&why, OBJECT_CONSTANT, R_X86_64_64, 5, 8), 0xffff808000000005ULL);
    ck_assert_uint_eq(relocate(&why, OBJECT_LOCAL, R_X86_64_64, 1, 56), BASE + 9); /* the last place in .text */
    ck_assert_uint_eq(relocate(&why, 0, R_X86_64_64, -2, 8), UINT64_MAX - 1);      /* symbol 0 is none: the addend */
    ck_assert_uint_eq(LOW(relocate(&why, OBJECT_TABLE, R_X86_64_PC32, -4, 32)), 3 * 4096 + 24 - 4 - 32);
    ck_assert_uint_eq(LOW(relocate(&why, OBJECT_LOCAL, R_X86_64_PLT32, -4, 32)), LOW(8 - 4 - 32ULL));
    ck_assert_uint_eq(LOW(relocate(&why, OBJECT_ABSOLUTE, R_X86_64_32, 1, 32)), 0x1235);
    ck_assert_uint_eq(LOW(relocate(&why, OBJECT_RODATA_SECTION, R_X86_64_32S, 16, 32)), LOW(BASE + 4096 + 16));
    /* 32-bit types leave the bytes after them alone */
    ck_assert_uint_eq(relocate(&why, OBJECT_ABSOLUTE, R_X86_64_32, 0, 32) >> 32, 0x90909090);
    ck_assert_str_eq(why.text, "");
}
END_TEST

static void check_limit(uint32_t type, uint64_t value, bool fits) {
    struct refusal why;
    uint64_t place = type == R_X86_64_PC32 || type == R_X86_64_PLT32 ? BASE + 32 : 0;
    uint64_t word = relocate(&why, OBJECT_ABSOLUTE, type, (int64_t)(value + place - 0x1234), 32);
    if (fits) {
        ck_assert_str_eq(why.text, "");
        ck_assert_uint_eq(LOW(word), LOW(value));
    } else {
        char sentence[REFUSAL_SIZE];
        snprintf(sentence, sizeof(sentence), "fixed: the value does not fit the relocation (type %u at 0x20)", type);
        ck_assert_str_eq(why.text, sentence);
    }
}

START_TEST(test_limits) {
    const uint32_t signed_types[] = {R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32S};
    for (size_t i = 0; i < R4_COUNT(signed_types); i++) {
        check_limit(signed_types[i], 0x7fffffff, true);
        check_limit(signed_types[i], 0x80000000, false);
        check_limit(signed_types[i], 0xffffffff80000000, true);
        check_limit(signed_types[i], 0xffffffff7fffffff, false);
    }
    check_limit(R_X86_64_32, 0, true);
    check_limit(R_X86_64_32, 0xffffffff, true);
    check_limit(R_X86_64_32, 0x100000000, false);
    check_limit(R_X86_64_32, UINT64_MAX, false);
}
END_TEST

static void check_refused(enum object_symbol symbol, uint32_t type, uint64_t offset, const char *what,
                          const char *name) {
    struct refusal why;
    char sentence[REFUSAL_SIZE];
    relocate(&why, symbol, type, 0, offset);
    snprintf(sentence, sizeof(sentence), "%s%s%s (type %u at 0x%lx)", name == NULL ? "" : name,
             name == NULL ? "" : ": ", what, type, offset);
    ck_assert_str_eq(why.text, sentence);
}

START_TEST(test_refused_symbols) {
    check_refused(OBJECT_NOWHERE, R_X86_64_32, 0, "the symbol is undefined", "nowhere");
    check_refused(OBJECT_MAYBE, R_X86_64_64, 0, "the symbol is weak and undefined", "maybe");
    check_refused(OBJECT_COMMON, R_X86_64_64, 0, "the symbol is common: compile with -fno-common", "shared");
    check_refused(OBJECT_IN_DEBUG, R_X86_64_64, 0, "the symbol lies in a section that is not loaded", "note");
    check_refused(OBJECT_SYMBOL_COUNT, R_X86_64_64, 0, "the relocation names a symbol that does not exist", NULL);
    check_refused((enum object_symbol)0xffffffff, R_X86_64_64, 0, "the relocation names a symbol that does not exist",
                  NULL);
}
END_TEST

START_TEST(test_refused_types) {
    for (uint32_t type = 0; type < 64; type++) {
        if (type != R_X86_64_64 && type != R_X86_64_PC32 && type != R_X86_64_PLT32 && type != R_X86_64_32 &&
            type != R_X86_64_32S) {
            check_refused(OBJECT_ENTRY, type, 0, "the relocation has an unknown type", "entry");
        }
    }
    check_refused(OBJECT_RODATA_SECTION, UINT32_MAX, 0, "the relocation has an unknown type", ".rodata");
}
END_TEST

START_TEST(test_refused_places) {
    const char *what = "the relocation lies outside its section";
    check_refused(OBJECT_ENTRY, R_X86_64_64, 57, what, "entry");
    check_refused(OBJECT_ENTRY, R_X86_64_32S, 61, what, "entry");
    check_refused(OBJECT_ENTRY, R_X86_64_64, 64, what, "entry");
    check_refused(OBJECT_ENTRY, R_X86_64_64, UINT64_MAX, what, "entry");
    check_refused(OBJECT_ENTRY, R_X86_64_64, UINT64_MAX - 7, what, "entry");
}
END_TEST

#define SECTION(index, field)                                                                                          \
    offsetof(struct object, sections[index].field), sizeof(((struct object *)0)->sections[0].field)

static const struct spoiled {
    size_t offset;
    size_t width;
    uint64_t value;
    const char *what;
    const char *name;
} spoiled[] = {
    {SECTION(OBJECT_DEBUG, flags), ELF_FLAG_ALLOC, "the section is to be loaded and has no place in the image",
     ".debug"},
    {SECTION(OBJECT_DATA, name), 1, "the section appears twice", ".text"}, /* 1: where the first name is */
    {SECTION(OBJECT_DATA, type), ELF_SECTION_NOBITS, "the section has the wrong type", ".data"},
    {SECTION(OBJECT_TEXT, type), 14, "the section has the wrong type", ".text"},
    {SECTION(OBJECT_RODATA, alignment), 8192, "the section is to be aligned to more than a page", ".rodata"},
    {SECTION(OBJECT_BSS, size), (1ULL << 31) + 1, "the section is too large", ".bss"},
    {SECTION(OBJECT_BSS, size), UINT64_MAX, "the section is too large", ".bss"},
    {SECTION(OBJECT_BSS, size), 1ULL << 31, "the image is too large", NULL},
    {SECTION(OBJECT_RELA_TEXT, info), OBJECT_BSS, "the section's relocations have no addends or no contents to change",
     ".bss"},
    {SECTION(OBJECT_RELA_TEXT, type), ELF_SECTION_REL,
     "the section's relocations have no addends or no contents to change", ".text"},
};

START_TEST(test_refused_sections) {
    for (size_t i = 0; i < R4_COUNT(spoiled); i++) {
        struct linked linked;
        char sentence[REFUSAL_SIZE];
        object_init(&linked.object);
        poke(&linked.object, spoiled[i].offset, spoiled[i].width, spoiled[i].value);
        link_object(&linked);
        snprintf(sentence, sizeof(sentence), "%s%s%s", spoiled[i].name == NULL ? "" : spoiled[i].name,
                 spoiled[i].name == NULL ? "" : ": ", spoiled[i].what);
        ck_assert_ptr_null(linked.image);
        ck_assert_msg(strcmp(linked.why.text, sentence) == 0, "case %zu: %s", i, linked.why.text);
    }
}
END_TEST

START_TEST(test_find) {
    struct linked linked;
    object_init(&linked.object);
    link_object(&linked);
    ck_assert_uint_eq(linker_find(&linked.file, &linked.plan, BASE, "entry"), BASE + 16);
    ck_assert_uint_eq(linker_find(&linked.file, &linked.plan, BASE, "table"), BASE + 3 * 4096 + 24);
    const char *const absent[] = {"local", "constant", "fixed", "shared", "note", "absent", ""};
    for (size_t i = 0; i < R4_COUNT(absent); i++) {
        ck_assert_uint_eq(linker_find(&linked.file, &linked.plan, BASE, absent[i]), 0);
    }
    free(linked.image);
}
END_TEST

SUITE_MAIN("linker", test_plan, test_image, test_missing_sections, test_five_types, test_limits, test_refused_symbols,
           test_refused_types, test_refused_places, test_refused_sections, test_find)
