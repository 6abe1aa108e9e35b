/* SPDX-License-Identifier: MIT
 *
 * The MADT: a table with all that a reader meets, cut at every length, and each entry that is refused.
 */
#include "acpi_fixture.h"
#include "core/madt.h"
#include "suite.h"

static struct madt madt;

static const struct madt_core *core_at(uint32_t apic_id) {
    const struct madt_core *core = madt_find(&madt, apic_id);
    ck_assert_ptr_nonnull(core);
    return core;
}

START_TEST(test_read) {
    ck_assert(madt_read(fixture_load("madt"), &madt, &why));
    ck_assert_uint_eq(madt.core_count, 6);    /* the filler 255 is there twice */
    ck_assert_uint_eq(madt.apic, 0xfee01000); /* of the override */
    ck_assert(core_at(0)->enabled && core_at(1)->enabled && core_at(300)->enabled);
    ck_assert(!core_at(4)->enabled && core_at(4)->online_capable);
    ck_assert(!core_at(5)->enabled && !core_at(5)->online_capable);
    ck_assert(!core_at(255)->enabled);
    ck_assert_ptr_null(madt_find(&madt, 6));
    ck_assert_uint_eq(madt.io_apic_count, 1);
    const struct madt_io_apic *io_apic = madt_find_io_apic(&madt, 2);
    ck_assert_ptr_nonnull(io_apic);
    ck_assert(io_apic->base == 0xfec00000 && io_apic->first_line == 24);
    ck_assert_ptr_null(madt_find_io_apic(&madt, 0));
}
END_TEST

/* Cut at a boundary between entries it is a good, shorter table; elsewhere the entry that is cut is named. */
START_TEST(test_truncated) {
    const struct acpi_header *table = fixture_load("madt");
    static const uint32_t boundaries[] = {44, 52, 60, 72, 80, 88, 96, 104, 120, 132};
    ck_assert_uint_eq(table->length, 132);
    for (uint32_t length = 36; length < table->length; length++) {
        struct acpi_header *cut = fixture_cut(table, length);
        bool good = madt_read(cut, &madt, &why);
        uint32_t entry = 0;
        while (entry < R4_COUNT(boundaries) - 1 && boundaries[entry + 1] <= length) {
            entry++;
        }
        if (length < 44) {
            fixture_expect(good, "APIC", FIXTURE_NO_ENTRY, "it is shorter than 44 bytes");
        } else if (length == 44) {
            fixture_expect(good, "APIC", FIXTURE_NO_ENTRY, "it names no processor");
        } else if (length == boundaries[entry]) {
            ck_assert(good);
        } else if (length == boundaries[entry] + 1) {
            fixture_expect(good, "APIC", entry, "its length is below 2");
        } else {
            fixture_expect(good, "APIC", entry, "it reaches beyond the table's end");
        }
    }
}
END_TEST

static bool with_entry(const void *entry, uint32_t size) {
    return madt_read(fixture_extend(fixture_load("madt"), entry, size), &madt, &why);
}

START_TEST(test_entry_of_length_zero) {
    static const uint8_t entry[] = {0, 0, 9, 9, 1, 0, 0, 0};
    fixture_expect(with_entry(entry, sizeof(entry)), "APIC", 9, "its length is below 2");
}
END_TEST

START_TEST(test_short_entries) {
    static const uint8_t apic[] = {0, 7, 9, 9, 1, 0, 0};
    static const uint8_t x2apic[] = {9, 4, 0, 0};
    static const uint8_t io_apic[] = {1, 11, 9, 0, 0, 0x10, 0xc0, 0xfe, 0, 0, 0};
    static const uint8_t address[] = {5, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    fixture_expect(with_entry(apic, sizeof(apic)), "APIC", 9, "a local APIC entry is shorter than 8 bytes");
    fixture_expect(with_entry(x2apic, sizeof(x2apic)), "APIC", 9, "a local x2APIC entry is shorter than 16 bytes");
    fixture_expect(with_entry(io_apic, sizeof(io_apic)), "APIC", 9, "an I/O APIC entry is shorter than 12 bytes");
    fixture_expect(with_entry(address, sizeof(address)), "APIC", 9, "an address override is shorter than 12 bytes");
}
END_TEST

START_TEST(test_core_twice) {
    static const uint8_t again[] = {0, 8, 9, 1, 1, 0, 0, 0};
    static const uint8_t disabled[] = {0, 8, 9, 1, 0, 0, 0, 0};
    static const uint8_t late[] = {0, 8, 9, 5, 1, 0, 0, 0};
    fixture_expect(with_entry(again, sizeof(again)), "APIC", 9,
                   "it enables an APIC id that an earlier entry enables too");
    ck_assert(with_entry(disabled, sizeof(disabled)));
    ck_assert(core_at(1)->enabled);
    ck_assert(with_entry(late, sizeof(late)));
    ck_assert(core_at(5)->enabled);
}
END_TEST

START_TEST(test_too_many_cores) {
    enum { ENTRIES = MADT_CORES_MAX - 5 }; /* with the six of the fixture: one too many */
    static uint8_t entries[ENTRIES][16];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t words[4] = {9 | 16 << 8, 1000 + i, 1, i};
        memcpy(entries[i], words, 16);
    }
    ck_assert(with_entry(entries, sizeof(entries) - 16));
    ck_assert_uint_eq(madt.core_count, MADT_CORES_MAX);
    fixture_expect(with_entry(entries, sizeof(entries)), "APIC", 9 + ENTRIES - 1,
                   "the table names more than 4096 processors");
}
END_TEST

START_TEST(test_io_apics) {
    static const uint8_t second[] = {1, 12, 0xff, 0, 0, 0xff, 0xc0, 0xfe, 0x18, 0, 0, 1};
    static const uint8_t again[] = {1, 12, 2, 0, 0, 0x10, 0xc0, 0xfe, 0x18, 0, 0, 0};
    static const uint8_t odd[] = {1, 12, 3, 0, 0x80, 0x10, 0xc0, 0xfe, 0x18, 0, 0, 0};
    ck_assert(with_entry(second, sizeof(second)));
    const struct madt_io_apic *io_apic = madt_find_io_apic(&madt, 0xff);
    ck_assert(io_apic->base == 0xfec0ff00 && io_apic->first_line == 0x1000018);
    fixture_expect(with_entry(again, sizeof(again)), "APIC", 9, "an earlier entry is of an I/O APIC with the same id");
    fixture_expect(with_entry(odd, sizeof(odd)), "APIC", 9, "an I/O APIC's address is no multiple of 256");
}
END_TEST

START_TEST(test_too_many_io_apics) {
    enum { ENTRIES = R4_MAX_IO_APICS }; /* with that of the fixture, which has id 2: one too many */
    static uint8_t entries[ENTRIES][12];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t words[3] = {1 | 12 << 8 | (i + 3) << 16, i * R4_PAGE_SIZE, i};
        memcpy(entries[i], words, 12);
    }
    ck_assert(with_entry(entries, sizeof(entries) - 12));
    ck_assert_uint_eq(madt.io_apic_count, R4_MAX_IO_APICS);
    fixture_expect(with_entry(entries, sizeof(entries)), "APIC", 9 + ENTRIES - 1,
                   "the table names more than 128 I/O APICs");
}
END_TEST

SUITE_MAIN("madt", test_read, test_truncated, test_entry_of_length_zero, test_short_entries, test_core_twice,
           test_too_many_cores, test_io_apics, test_too_many_io_apics)
