/* SPDX-License-Identifier: MIT
 *
 * The MADT: a table with all that a reader meets, cut at every length, each entry that is refused, and each
 * that is ignored.
 */
#include "acpi_fixture.h"
#include "core/madt.h"
#include "suite.h"

#define ONE_BYTE "ignored: ACPI table APIC: what is after its last entry, bytes 1"

static struct madt madt;

static const struct madt_core *core_at(uint32_t apic_id) {
    const struct madt_core *core = madt_find(&madt, apic_id);
    ck_assert_ptr_nonnull(core);
    return core;
}

START_TEST(test_read) {
    ck_assert(madt_read(fixture_load("madt"), &madt, fixture_notes(), &why));
    ck_assert_uint_eq(madt.core_count, 5);    /* the filler 255 is nobody */
    ck_assert_uint_eq(madt.apic, 0xfee01000); /* of the override */
    ck_assert(core_at(0)->enabled && core_at(1)->enabled && core_at(300)->enabled);
    ck_assert(!core_at(4)->enabled && core_at(4)->online_capable);
    ck_assert(!core_at(5)->enabled && !core_at(5)->online_capable);
    ck_assert_ptr_null(madt_find(&madt, 255));
    fixture_expect_note(NULL); /* nor is it enabled */
    ck_assert_ptr_null(madt_find(&madt, 6));
    ck_assert_uint_eq(madt.io_apic_count, 1);
    const struct madt_io_apic *io_apic = madt_find_io_apic(&madt, 2);
    ck_assert_ptr_nonnull(io_apic);
    ck_assert(io_apic->base == 0xfec00000 && io_apic->first_line == 24);
    ck_assert_ptr_null(madt_find_io_apic(&madt, 0));
}
END_TEST

/* Cut at a boundary between entries, or one byte later, it is a good, shorter table; elsewhere the entry that is cut is
 * named. */
START_TEST(test_truncated) {
    const struct acpi_header *table = fixture_load("madt");
    static const uint32_t boundaries[] = {44, 52, 60, 72, 80, 88, 96, 104, 120, 132};
    ck_assert_uint_eq(table->length, 132);
    for (uint32_t length = 36; length < table->length; length++) {
        struct acpi_header *cut = fixture_cut(table, length);
        bool good = madt_read(cut, &madt, fixture_notes(), &why);
        uint32_t entry = 0;
        while (entry < R4_COUNT(boundaries) - 1 && boundaries[entry + 1] <= length) {
            entry++;
        }
        if (length < 44) {
            fixture_expect(good, "APIC", FIXTURE_NO_ENTRY, "it is shorter than 44 bytes");
        } else if (length <= 45) {
            fixture_expect(good, "APIC", FIXTURE_NO_ENTRY, "it names no processor");
        } else if (length <= boundaries[entry] + 1) {
            ck_assert(good);
            fixture_expect_note(length == boundaries[entry] ? NULL : ONE_BYTE);
        } else {
            fixture_expect(good, "APIC", entry, "it reaches beyond the table's end");
        }
    }
}
END_TEST

static bool with_entry(const void *entry, uint32_t size) {
    return madt_read(fixture_extend(fixture_load("madt"), entry, size), &madt, fixture_notes(), &why);
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

/* Seen in the field: a byte too many, or the end filled up with zeros. */
START_TEST(test_filler_at_the_end) {
    static const uint8_t zeros[6];
    static const uint8_t other[6] = {0, 0, 0, 0, 0, 1};
    ck_assert(with_entry(zeros, sizeof(zeros)));
    fixture_expect_note("ignored: ACPI table APIC: what is after its last entry, bytes 6");
    ck_assert(with_entry("\1", 1));
    fixture_expect_note(ONE_BYTE);
    fixture_expect(with_entry(other, sizeof(other)), "APIC", 9, "its length is below 2");
}
END_TEST

START_TEST(test_core_twice) {
    static const uint8_t again[] = {0, 8, 9, 1, 1, 0, 0, 0, 0, 8, 9, 1, 1, 0, 0, 0, 0, 8, 9, 0, 1, 0, 0, 0};
    static const uint8_t disabled[] = {0, 8, 9, 1, 0, 0, 0, 0};
    static const uint8_t late[] = {0, 8, 9, 5, 1, 0, 0, 0};
    ck_assert(with_entry(again, 8));
    fixture_expect_note("ignored: ACPI table APIC, entry 9: it enables APIC id 1, which an earlier entry enables too");
    ck_assert_uint_eq(madt.core_count, 5);
    ck_assert(with_entry(again, sizeof(again)));
    fixture_expect_note("ignored: ACPI table APIC, entry 9: it enables APIC id 1, which an earlier entry enables too "
                        "(and 2 more)");
    ck_assert_uint_eq(madt.core_count, 5);
    ck_assert(with_entry(disabled, sizeof(disabled)));
    fixture_expect_note(NULL);
    ck_assert(core_at(1)->enabled);
    ck_assert(with_entry(late, sizeof(late)));
    ck_assert(core_at(5)->enabled);
}
END_TEST

START_TEST(test_id_255) {
    static const uint8_t local[] = {0, 8, 255, 255, 1, 0, 0, 0};
    static const uint8_t wide[] = {9, 16, 0, 0, 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    ck_assert(with_entry(local, sizeof(local)));
    fixture_expect_note("ignored: ACPI table APIC, entry 9: it enables APIC id 255, which no local APIC has");
    ck_assert_ptr_null(madt_find(&madt, 255));
    ck_assert(with_entry(wide, sizeof(wide))); /* in x2APIC mode it is an id as any other */
    fixture_expect_note(NULL);
    ck_assert(core_at(255)->enabled);
}
END_TEST

/* Some firmware lists its processors both ways, other makes up x2APIC entries: so where there are local APIC entries
 * these are believed. */
START_TEST(test_both_kinds) {
    static const uint8_t again[] = {9, 16, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t other[] = {9, 16, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t disabled[] = {9, 16, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    ck_assert(with_entry(again, sizeof(again)));
    fixture_expect_note("ignored: ACPI table APIC, entry 9: an x2APIC entry for APIC id 1, beside local APIC entries");
    ck_assert(core_at(1)->enabled);
    ck_assert(with_entry(other, sizeof(other)));
    ck_assert_ptr_null(madt_find(&madt, 99));
    ck_assert(with_entry(disabled, sizeof(disabled)));
    fixture_expect_note(NULL);
}
END_TEST

/* Where no local APIC entry is enabled, x2APIC entries of any id count. */
START_TEST(test_x2apic_alone) {
    static const uint8_t low[] = {9, 16, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    struct acpi_header *table = fixture_extend(fixture_cut(fixture_load("madt"), 44), low, sizeof(low));
    static const uint8_t nobody[] = {0, 8, 255, 255, 1, 0, 0, 0, 0, 8, 7, 7, 0, 0, 0, 0};
    ck_assert(madt_read(table, &madt, fixture_notes(), &why));
    ck_assert(madt.core_count == 1 && core_at(99)->enabled);
    ck_assert(madt_read(fixture_extend(table, nobody, sizeof(nobody)), &madt, fixture_notes(), &why));
    ck_assert(core_at(99)->enabled && !core_at(7)->enabled);
}
END_TEST

START_TEST(test_too_many_cores) {
    enum { ENTRIES = MADT_CORES_MAX - 4 }; /* with the five of the fixture: one too many */
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
    static const uint8_t zero[] = {1, 12, 3, 0, 0, 0, 0, 0, 0x18, 0, 0, 0};
    ck_assert(with_entry(second, sizeof(second)));
    const struct madt_io_apic *io_apic = madt_find_io_apic(&madt, 0xff);
    ck_assert(io_apic->base == 0xfec0ff00 && io_apic->first_line == 0x1000018);
    ck_assert(with_entry(again, sizeof(again)));
    fixture_expect_note("ignored: ACPI table APIC, entry 9: I/O APIC 2 at 0xfec01000, an id that an earlier entry has");
    ck_assert(madt.io_apic_count == 1 && madt_find_io_apic(&madt, 2)->base == 0xfec00000);
    ck_assert(with_entry(odd, sizeof(odd)));
    fixture_expect_note(
        "ignored: ACPI table APIC, entry 9: I/O APIC 3 at 0xfec01080, which is 0 or no multiple of 256");
    ck_assert(with_entry(zero, sizeof(zero)));
    fixture_expect_note("ignored: ACPI table APIC, entry 9: I/O APIC 3 at 0x0, which is 0 or no multiple of 256");
    ck_assert_uint_eq(madt.io_apic_count, 1);
}
END_TEST

START_TEST(test_too_many_io_apics) {
    enum { ENTRIES = R4_MAX_IO_APICS }; /* with that of the fixture, which has id 2: one too many */
    static uint8_t entries[ENTRIES][12];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t words[3] = {1 | 12 << 8 | (i + 3) << 16, (i + 1) * R4_PAGE_SIZE, i};
        memcpy(entries[i], words, 12);
    }
    ck_assert(with_entry(entries, sizeof(entries) - 12));
    ck_assert_uint_eq(madt.io_apic_count, R4_MAX_IO_APICS);
    fixture_expect(with_entry(entries, sizeof(entries)), "APIC", 9 + ENTRIES - 1,
                   "the table names more than 128 I/O APICs");
}
END_TEST

SUITE_MAIN("madt", test_read, test_truncated, test_entry_of_length_zero, test_short_entries, test_filler_at_the_end,
           test_core_twice, test_id_255, test_both_kinds, test_x2apic_alone, test_too_many_cores, test_io_apics,
           test_too_many_io_apics)
