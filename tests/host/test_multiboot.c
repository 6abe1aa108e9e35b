/* SPDX-License-Identifier: MIT
 *
 * The boot loader's information block: a good one, cut at every length, and each tag that is refused.
 */
#include "core/multiboot.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

static _Alignas(8) uint8_t block[4096];
static uint32_t used;
static struct multiboot info;

static void put32(uint32_t value) {
    memcpy(block + used, &value, 4);
    used += 4;
}

static void put64(uint64_t value) {
    put32((uint32_t)value);
    put32((uint32_t)(value >> 32));
}

static void tag_put(uint32_t type, const void *data, uint32_t size) {
    put32(type);
    put32(8 + size);
    memcpy(block + used, data, size);
    used = (uint32_t)round_up(used + size, 8);
}

static void text_put(uint32_t type, const char *text) { tag_put(type, text, (uint32_t)strlen(text) + 1); }

static void module_put(uint32_t base, uint32_t end, const char *name) {
    uint8_t data[64];
    memcpy(data, &base, 4);
    memcpy(data + 4, &end, 4);
    strcpy((char *)data + 8, name);
    tag_put(3, data, 9 + (uint32_t)strlen(name));
}

static void entry_put(uint64_t base, uint64_t length, uint32_t type) {
    put64(base);
    put64(length);
    put32(type);
    put32(0);
}

static void memory_put(void) {
    put32(6);
    put32(16 + 4 * 24);
    put32(24);
    put32(0);
    entry_put(0x8000, 0x1000, 2); /* inside what the next one says is RAM */
    entry_put(0, 0x9fc00, 1);
    entry_put(0x100000, 0xff00000, 1);
    entry_put(0xfffffffffffff000, 0x2000, 3); /* reaches beyond the last address */
}

static void begin(void) {
    used = 0;
    put32(0);
    put32(0);
}

static struct refusal why;

static bool end(void) {
    tag_put(0, "", 0);
    memcpy(block, &used, 4);
    return multiboot_read(block, sizeof(block), &info, &why);
}

static void good_make(void) {
    begin();
    text_put(1, "program=demo");
    module_put(0x136000, 0x138000, "kernel");
    module_put(0x138000, 0x138000, "layout");
    memory_put();
    tag_put(14, "RSD PTR old_________", 20);
    tag_put(15, "RSD PTR new_________________________", 36);
    tag_put(9, "sections", 8); /* a tag of no interest */
    ck_assert(end());
}

START_TEST(test_read) {
    good_make();
    ck_assert_str_eq(info.command, "program=demo");
    ck_assert_uint_eq(info.module_count, 2);
    ck_assert_uint_eq(multiboot_module(&info, "kernel")->base, 0x136000);
    ck_assert_uint_eq(multiboot_module(&info, "kernel")->end, 0x138000);
    ck_assert_ptr_null(multiboot_module(&info, "kern"));
    ck_assert_uint_eq(info.rsdp_size, 36);
    ck_assert_int_eq(memcmp(info.rsdp, "RSD PTR new", 11), 0);
    ck_assert_uint_eq(info.ram.count, 3);
    ck_assert_uint_eq(info.ram.list[0].end, 0x8000);
    ck_assert_uint_eq(info.ram.list[1].base, 0x9000);
    ck_assert_uint_eq(info.ram.list[2].end, 0x10000000);
}
END_TEST

START_TEST(test_nothing_but_the_end) {
    begin();
    ck_assert(end());
    ck_assert_str_eq(info.command, "");
    ck_assert_ptr_null(info.rsdp);
    ck_assert_uint_eq(info.ram.count, 0);
}
END_TEST

static void efi_put(uint32_t type, uint64_t base, uint64_t pages, uint64_t attributes) {
    put32(type);
    put32(0);
    put64(base);
    put64(0);
    put64(pages);
    put64(attributes);
    put64(0); /* firmware's descriptors are longer than the specification's */
}

/* Loader and boot services are gone; runtime services, ACPI tables, persistent and special-purpose memory are not. */
static void efi_map_put(void) {
    put32(17);
    put32(16 + 9 * 48);
    put32(48);
    put32(1);
    efi_put(3, 0, 0x10, 0xf);
    efi_put(2, 0x10000, 0x10, 0xf);
    efi_put(7, 0x100000, 0x100, 0xf);
    efi_put(6, 0x110000, 1, 1ULL << 63 | 0xf); /* inside the one before */
    efi_put(9, 0x200000, 0x10, 0xf);
    efi_put(14, 0x300000, 0x10, 0xf);
    efi_put(7, 0x400000, 0x10, 0x4000f);
    efi_put(7, 0x500000, 0x100, 0xf);
    efi_put(11, 0xfffffffffffff000, 1ULL << 60, 1);
}

START_TEST(test_efi_map_alone) {
    begin();
    efi_map_put();
    ck_assert(end());
    const struct range expected[] = {{0, 0x20000}, {0x100000, 0x110000}, {0x111000, 0x200000}, {0x500000, 0x600000}};
    ck_assert_uint_eq(info.ram.count, 4);
    ck_assert_mem_eq(info.ram.list, expected, sizeof(expected));
}
END_TEST

/* The loader's map says what is RAM; EFI's only takes away, whichever tag comes first. */
START_TEST(test_efi_map_beside) {
    for (int first = 0; first < 2; first++) {
        begin();
        for (int at = 0; at < 2; at++) {
            if (at == first) {
                efi_map_put();
            } else {
                memory_put();
            }
        }
        ck_assert(end());
        const struct range expected[] = {{0, 0x8000},           {0x9000, 0x9fc00},    {0x100000, 0x110000},
                                         {0x111000, 0x200000},  {0x210000, 0x300000}, {0x310000, 0x400000},
                                         {0x410000, 0x10000000}};
        ck_assert_uint_eq(info.ram.count, 7);
        ck_assert_mem_eq(info.ram.list, expected, sizeof(expected));
    }
}
END_TEST

START_TEST(test_new_root_pointer_wins) {
    begin();
    tag_put(15, "RSD PTR new_________________________", 36);
    tag_put(14, "RSD PTR old_____________________________", 40);
    ck_assert(end());
    ck_assert_uint_eq(info.rsdp_size, 36);
    ck_assert_int_eq(memcmp(info.rsdp, "RSD PTR new", 11), 0);
}
END_TEST

/* However it is cut, it is refused and nothing after the end is read: the copy is as long as it says. */
START_TEST(test_truncated) {
    good_make();
    uint32_t whole = used;
    for (uint32_t size = 0; size < whole; size++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, block, size);
        if (size >= 4) {
            memcpy(copy, &size, 4);
        }
        ck_assert(!multiboot_read(copy, size, &info, &why));
        free(copy);
    }
    ck_assert(!multiboot_read(block, whole - 1, &info, &why)); /* says more than there is */
    ck_assert(!multiboot_read((const uint8_t *)block + 4, whole - 4, &info, &why));
    ck_assert_str_eq(why.text, "the information block is misaligned");
}
END_TEST

static void expect_refused(const char *what) {
    ck_assert(!end());
    ck_assert_str_eq(why.text, what);
}

START_TEST(test_refused) {
    begin();
    tag_put(1, "no end", 6);
    expect_refused("the command line has no end");
    begin();
    tag_put(1, "", 0);
    expect_refused("the command line has no end");
    begin();
    tag_put(3, "12345678", 8);
    expect_refused("a module tag is too short");
    begin();
    tag_put(3, "12345678name", 12);
    expect_refused("a module tag is too short");
    begin();
    module_put(0x2000, 0x1000, "x");
    expect_refused("a module ends before it begins");
    begin();
    tag_put(6, "1234567", 7);
    expect_refused("the memory map's tag is too short");
    begin();
    tag_put(6, "\x17\0\0\0\0\0\0\0", 8);
    expect_refused("the memory map's entries are shorter than 24 bytes");
    begin();
    tag_put(17, "1234567", 7);
    expect_refused("the EFI memory map's tag is too short");
    begin();
    tag_put(17, "\x27\0\0\0\1\0\0\0", 8);
    expect_refused("the EFI memory map's entries are shorter than 40 bytes");
    begin();
    tag_put(18, "", 0);
    expect_refused("the loader has left EFI's boot services running");
    begin();
    put32(5);
    put32(7); /* shorter than its own head: must not loop for ever */
    expect_refused("a tag of the information block has a wrong length");
    begin();
    for (int i = 0; i < 17; i++) {
        module_put(0, 0, "x");
    }
    expect_refused("there are more than 16 modules");
}
END_TEST

START_TEST(test_too_many_ranges) {
    static _Alignas(8) uint8_t large[24 + 24 * 513 + 8];
    uint32_t words[] = {sizeof(large), 0, 6, 16 + 24 * 513, 24, 0};
    memcpy(large, words, sizeof(words));
    for (uint32_t i = 0; i < 513; i++) {
        const uint32_t entry[6] = {0x2000 * i, 0, 0x1000, 0, 1, 0};
        memcpy(large + sizeof(words) + (size_t)24 * i, entry, 24);
    }
    large[sizeof(words) + (size_t)24 * 513 + 4] = 8; /* the end tag: type 0, size 8 */
    ck_assert(!multiboot_read(large, sizeof(large), &info, &why));
    ck_assert_str_eq(why.text, "the memory map has more than 512 ranges of RAM");
}
END_TEST

SUITE_MAIN("multiboot", test_read, test_efi_map_alone, test_efi_map_beside, test_new_root_pointer_wins,
           test_nothing_but_the_end, test_truncated, test_refused, test_too_many_ranges)
