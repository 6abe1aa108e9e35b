/* SPDX-License-Identifier: MIT
 *
 * The root task's segments: where they go, what is copied, and each program header that is refused.
 */
#include "core/root.h"
#include "suite.h"
#include <r4/abi.h>
#include <r4/slot.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BASE 0x600000U

static struct elf_header header;
static struct elf_program programs[6];
static uint8_t data[0x3000];
static struct elf_file file = {.data = data, .size = sizeof(data), .header = &header, .programs = programs};
static struct root root;
static struct refusal why;

/* Text that begins within a page, data with a bss after it, and a header that loads nothing. */
static void setup(void) {
    header = (struct elf_header){.entry = 0x400123, .program_count = 3};
    programs[0] = (struct elf_program){
        ELF_PROGRAM_LOAD, ELF_PROGRAM_READ | ELF_PROGRAM_EXEC, 0x100, 0x400100, 0, 0x1800, 0x1800, 0x1000};
    programs[1] = (struct elf_program){.type = 0x6474e551, .memory_size = 77};
    programs[2] = (struct elf_program){
        ELF_PROGRAM_LOAD, ELF_PROGRAM_READ | ELF_PROGRAM_WRITE, 0x2000, 0x405ff0, 0, 0x20, 0x1020, 0x1000};
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
}

START_TEST(test_plan) {
    setup();
    ck_assert(root_plan(&file, BLOCK_BASE, &root, &why));
    ck_assert_uint_eq(root.entry, 0x400123);
    ck_assert_uint_eq(root.segment_count, 2);
    ck_assert_uint_eq(root.segments[0].base, BLOCK_BASE);
    ck_assert_uint_eq(root.segments[0].virtual_address, 0x400000);
    ck_assert_uint_eq(root.segments[0].size, 0x2000);
    ck_assert_uint_eq(root.segments[0].rights, R4_READ | R4_EXEC);
    ck_assert_uint_eq(root.segments[1].base, BLOCK_BASE + 0x2000);
    ck_assert_uint_eq(root.segments[1].virtual_address, 0x405000);
    ck_assert_uint_eq(root.segments[1].size, 0x3000); /* three pages are touched */
    ck_assert_uint_eq(root.segments[1].rights, R4_READ | R4_WRITE);
}
END_TEST

START_TEST(test_copy) {
    uint8_t *block = malloc(R4_LARGE_SIZE);
    ck_assert_ptr_nonnull(block);
    memset(block, 0xa5, R4_LARGE_SIZE); /* whatever was there before */
    static const uint8_t zero[0x2000];
    setup();
    ck_assert(root_plan(&file, BLOCK_BASE, &root, &why));
    root_copy(&file, &root, block);
    ck_assert_int_eq(memcmp(block, zero, 0x100), 0);
    ck_assert_int_eq(memcmp(block + 0x100, data + 0x100, 0x1800), 0);
    ck_assert_int_eq(memcmp(block + 0x1900, zero, 0x2ff0 - 0x1900), 0);
    ck_assert_int_eq(memcmp(block + 0x2ff0, data + 0x2000, 0x20), 0);
    ck_assert_int_eq(memcmp(block + 0x3010, zero, 0x5000 - 0x3010), 0);
    ck_assert_uint_eq(block[0x5000], 0xa5); /* what is no segment's is the kernel's to zero */
    free(block);
}
END_TEST

static void expect_refused(const char *what) {
    ck_assert(!root_plan(&file, BLOCK_BASE, &root, &why));
    ck_assert_str_eq(why.text, what);
    setup();
}

START_TEST(test_refused) {
    static const char outside[] = "a segment lies outside the root task's image area";
    static const char beyond[] = "a segment reaches beyond the end of the file";
    setup();
    programs[2].offset = sizeof(data) - 0x1f;
    expect_refused(beyond);
    programs[2].offset = UINT64_MAX;
    expect_refused(beyond);
    programs[2].file_size = UINT64_MAX;
    expect_refused(beyond);
    programs[2].file_size = 0x1021;
    programs[2].offset = 0;
    expect_refused("a segment is longer in the file than in memory");
    programs[0].virtual_address = R4_ROOT_IMAGE - 1;
    expect_refused(outside);
    programs[2].memory_size = UINT64_MAX;
    expect_refused(outside);
    programs[2].virtual_address = R4_ROOT_STACK_TOP - R4_ROOT_STACK_SIZE;
    expect_refused(outside);
    programs[2].flags |= ELF_PROGRAM_EXEC;
    expect_refused("a segment is both writable and executable");
    programs[2].virtual_address = 0x401fff;
    programs[2].memory_size = 0x20;
    expect_refused("two segments share a page or do not ascend");
    header.entry = 0x8000000000400123; /* not canonical */
    expect_refused("the entry lies in no executable segment");
    header.entry = 0x402000; /* the first byte after the text */
    expect_refused("the entry lies in no executable segment");
    header.entry = 0x405ff0; /* data */
    expect_refused("the entry lies in no executable segment");
    header.program_count = 0;
    expect_refused("there is no segment to load");
}
END_TEST

START_TEST(test_too_much) {
    setup();
    header.program_count = 5;
    for (uint32_t i = 0; i < 5; i++) {
        programs[i] = (struct elf_program){
            ELF_PROGRAM_LOAD, ELF_PROGRAM_READ | ELF_PROGRAM_EXEC, 0, 0x400000 + 0x1000ULL * i, 0, 1, 1, 1};
    }
    ck_assert(!root_plan(&file, BLOCK_BASE, &root, &why));
    ck_assert_str_eq(why.text, "there are more than 4 segments");
    header.program_count = 4;
    ck_assert(root_plan(&file, BLOCK_BASE, &root, &why));
    ck_assert_uint_eq(root.segment_count, 4);
    ck_assert_uint_eq(root.segments[3].base, BLOCK_BASE + 0x3000);
}
END_TEST

SUITE_MAIN("root", test_plan, test_copy, test_refused, test_too_much)
