/* SPDX-License-Identifier: MIT
 *
 * The SRAT: both revisions, a table cut at every length, each entry that is refused, and what a
 * memory map makes of the ranges.
 */
#include "acpi_fixture.h"
#include "core/srat.h"
#include "suite.h"

enum { FIXTURE_ENTRIES = 10 };

static struct srat srat;

START_TEST(test_read) {
    ck_assert(srat_read(fixture_load("srat"), &srat, fixture_notes(), &why));
    ck_assert_uint_eq(srat.core_count, 4);
    ck_assert_uint_eq(srat_find(&srat, 1)->domain, 0);
    ck_assert_uint_eq(srat_find(&srat, 4)->domain, 0x12345);
    ck_assert_uint_eq(srat_find(&srat, 300)->domain, 0x12345);
    ck_assert_ptr_null(srat_find(&srat, 5)); /* disabled */
    static const struct srat_memory expected[] = {{0, 0xa0000, 0, 7},
                                                  {0x100000, 0x3ff00000, 0, 6},
                                                  {0x40000000, 0x10000000, 0x12345, 5},
                                                  {0x100000000, 0x40000000, 1, 9}};
    ck_assert_uint_eq(srat.memory_count, R4_COUNT(expected));
    for (size_t i = 0; i < R4_COUNT(expected); i++) {
        ck_assert_uint_eq(srat.memories[i].base, expected[i].base);
        ck_assert_uint_eq(srat.memories[i].size, expected[i].size);
        ck_assert_uint_eq(srat.memories[i].domain, expected[i].domain);
        ck_assert_uint_eq(srat.memories[i].entry, expected[i].entry);
    }
}
END_TEST

START_TEST(test_revision_1) {
    ck_assert(srat_read(fixture_load("srat_revision_1"), &srat, fixture_notes(), &why));
    ck_assert_uint_eq(srat_find(&srat, 3)->domain, 1);
    ck_assert_uint_eq(srat.memory_count, 1);
    ck_assert_uint_eq(srat.memories[0].domain, 1);
}
END_TEST

START_TEST(test_truncated) {
    const struct acpi_header *table = fixture_load("srat");
    static const uint32_t boundaries[] = {48, 64, 80, 96, 112, 136, 176, 216, 256, 296, 336};
    ck_assert_uint_eq(table->length, 336);
    for (uint32_t length = 36; length < table->length; length++) {
        struct acpi_header *cut = fixture_cut(table, length);
        bool good = srat_read(cut, &srat, fixture_notes(), &why);
        uint32_t entry = 0;
        while (entry < R4_COUNT(boundaries) - 1 && boundaries[entry + 1] <= length) {
            entry++;
        }
        if (length < 48) {
            fixture_expect(good, "SRAT", FIXTURE_NO_ENTRY, "it is shorter than 48 bytes");
        } else if (length <= boundaries[entry] + 1) {
            ck_assert(good);
            ck_assert_uint_eq(notes.count, length - boundaries[entry]);
        } else {
            fixture_expect(good, "SRAT", entry, "it reaches beyond the table's end");
        }
    }
}
END_TEST

static bool with_entry(const void *entry, uint32_t size) {
    return srat_read(fixture_extend(fixture_load("srat"), entry, size), &srat, fixture_notes(), &why);
}

struct memory_entry { /* ACPI 6.5, table 5.58, by words because nothing in it is aligned */
    uint16_t words[20];
};

static struct memory_entry memory_entry(uint32_t domain, uint64_t base, uint64_t size) {
    struct memory_entry entry = {{1 | 40 << 8, (uint16_t)domain, (uint16_t)(domain >> 16)}};
    memcpy(&entry.words[4], &base, 8);
    memcpy(&entry.words[8], &size, 8);
    entry.words[14] = 1;
    return entry;
}

static bool with_memory(uint32_t domain, uint64_t base, uint64_t size) {
    struct memory_entry entry = memory_entry(domain, base, size);
    return with_entry(&entry, sizeof(entry));
}

START_TEST(test_entry_of_length_zero) {
    static const uint8_t entry[] = {1, 0, 0, 0};
    fixture_expect(with_entry(entry, sizeof(entry)), "SRAT", FIXTURE_ENTRIES, "its length is below 2");
}
END_TEST

START_TEST(test_short_entries) {
    static const uint8_t apic[15] = {0, 15};
    static const uint8_t memory[39] = {1, 39};
    static const uint8_t x2apic[23] = {2, 23};
    static const uint8_t other[2] = {77, 2};
    fixture_expect(with_entry(apic, sizeof(apic)), "SRAT", FIXTURE_ENTRIES,
                   "a processor entry is shorter than 16 bytes");
    fixture_expect(with_entry(memory, sizeof(memory)), "SRAT", FIXTURE_ENTRIES,
                   "a memory entry is shorter than 40 bytes");
    fixture_expect(with_entry(x2apic, sizeof(x2apic)), "SRAT", FIXTURE_ENTRIES,
                   "an x2APIC entry is shorter than 24 bytes");
    ck_assert(with_entry(other, sizeof(other)));
}
END_TEST

static bool fits(phys_t base, phys_t end) {
    struct ranges ram = {1, {{base, end}}};
    ck_assert(srat_fit(&srat, &ram, fixture_notes(), &why) || strncmp(why.text, "ACPI table SRAT", 15) == 0);
    return srat_fit(&srat, &ram, fixture_notes(), &why);
}

static void expect_memory(uint32_t index, phys_t base, phys_t end, uint32_t domain) {
    ck_assert_uint_lt(index, srat.memory_count);
    ck_assert_uint_eq(srat.memories[index].base, base);
    ck_assert_uint_eq(srat.memories[index].size, end - base);
    ck_assert_uint_eq(srat.memories[index].domain, domain);
}

START_TEST(test_neighbours) {
    ck_assert(with_memory(7, 0x50000000, 0x1000)); /* touches its lower neighbour */
    ck_assert(with_memory(7, 0x3ffff000, 0));      /* enabled, but empty */
    ck_assert(with_memory(0, 0xa0000, 0x60000));   /* fills the hole exactly */
    fixture_expect_note(NULL);
    ck_assert_uint_eq(srat.memory_count, 5);
    ck_assert(fits(0, 0x140000000));
    fixture_expect_note(NULL);
}
END_TEST

#define MERGED "warning: ACPI table SRAT, entry 10: its range overlaps an earlier one of the same domain: merged"

/* Domain 0 has [0, 0xa0000) and [0x100000, 0x40000000). */
START_TEST(test_overlap_in_one_domain) {
    ck_assert(with_memory(0, 0x90000, 0x20000));
    fixture_expect_note(MERGED);
    ck_assert_uint_eq(srat.memory_count, 4);
    expect_memory(0, 0, 0xb0000, 0);
    ck_assert(with_memory(0, 0x200000, 0x1000)); /* inside */
    fixture_expect_note(MERGED);
    expect_memory(1, 0x100000, 0x40000000, 0);
    ck_assert(with_memory(0, 0x9f000, 0x80000000)); /* meets two, and ranges of other domains */
    fixture_expect_note(MERGED " (and 1 more)");
    ck_assert_uint_eq(srat.memory_count, 3);
    expect_memory(0, 0, 0x8009f000, 0);
    expect_memory(1, 0x40000000, 0x50000000, 0x12345);
    ck_assert_uint_eq(srat.memories[0].entry, 6);
}
END_TEST

/* Ranges of two domains meet: only RAM there is a contradiction. Plain QEMU with an NVDIMM has such places for more. */
START_TEST(test_overlap_of_domains) {
    ck_assert(with_memory(7, 0x4fffffff, 0x1001));
    fixture_expect_note(NULL);
    ck_assert(fits(0, 0x4fffffff));
    fixture_expect_note(
        "warning: ACPI table SRAT, entries 5 and 10: ranges of domains 74565 and 7 overlap, without RAM");
    ck_assert(!fits(0, 0x50000000));
    ck_assert_str_eq(why.text, "ACPI table SRAT, entries 5 and 10: RAM is in domain 74565 and in domain 7");
    ck_assert(with_memory(8, 0, UINT64_MAX));
    ck_assert(!fits(0x130000000, 0x130001000));
    ck_assert_str_eq(why.text, "ACPI table SRAT, entries 10 and 9: RAM is in domain 8 and in domain 1");
    ck_assert(fits(0x150000000, 0x160000000));
}
END_TEST

/* The fixture has nothing between 0x50000000 and 0x100000000 (domains 0x12345 and 1). */
START_TEST(test_leaves_out_most) {
    static struct ranges ram;
    ck_assert(srat_read(fixture_load("srat"), &srat, fixture_notes(), &why));
    ram = (struct ranges){2, {{0x48000000, 0x58000000}, {0x100000000, 0x120000000}}};
    ck_assert(srat_fit(&srat, &ram, fixture_notes(), &why)); /* half of what is below 4 GiB */
    fixture_expect_note(NULL);
    ck_assert_uint_eq(srat.memory_count, 4);
    ram = (struct ranges){3, {{0x48000000, 0x58001000}, {0xf0000000, 0xf0001000}, {0x100000000, 0x120000000}}};
    ck_assert(srat_fit(&srat, &ram, fixture_notes(), &why));
    fixture_expect_note("warning: the SRAT leaves out most of the RAM: memory 0x0000000050000000-0x0000000058001000 "
                        "is taken for domain 74565's (and 1 more)");
    ck_assert_uint_eq(srat.memory_count, 6);
    expect_memory(3, 0x50000000, 0x58001000, 0x12345);
    expect_memory(4, 0xf0000000, 0xf0001000, 1);
    ck_assert(srat.memories[3].entry == SRAT_NO_ENTRY && srat.memories[4].entry == SRAT_NO_ENTRY);
}
END_TEST

/* More than half of all, though all of it is above 4 GiB. */
START_TEST(test_leaves_out_most_above) {
    struct ranges ram = {2, {{0x100000, 0x10000000}, {0x120000000, 0x180000000}}};
    ck_assert(srat_read(fixture_load("srat"), &srat, fixture_notes(), &why));
    ck_assert(srat_fit(&srat, &ram, fixture_notes(), &why));
    ck_assert_uint_eq(srat.memory_count, 5);
    expect_memory(4, 0x140000000, 0x180000000, 1);
    ram = (struct ranges){1, {{0x200000000, 0x280000000}}}; /* no RAM in any range: nothing to go by */
    ck_assert(srat_fit(&srat, &ram, fixture_notes(), &why));
    ck_assert_uint_eq(srat.memory_count, 5);
}
END_TEST

START_TEST(test_range_wraps) {
    fixture_expect(with_memory(7, 0xfffffffffffff000, 0x2000), "SRAT", FIXTURE_ENTRIES,
                   "its range reaches beyond the last address");
    ck_assert(with_memory(7, 0xffffffffffffe000, 0x1000));
}
END_TEST

START_TEST(test_core_twice) {
    uint8_t entry[16] = {0, 16, 0, 1, 1};
    ck_assert(with_entry(entry, sizeof(entry))); /* the same again */
    ck_assert_uint_eq(srat.core_count, 4);
    entry[9] = 1; /* domain 0x100 */
    fixture_expect(with_entry(entry, sizeof(entry)), "SRAT", FIXTURE_ENTRIES,
                   "it puts an APIC id into another domain than an earlier entry");
}
END_TEST

START_TEST(test_too_many_ranges) {
    enum { ENTRIES = SRAT_MEMORIES_MAX - 3 }; /* with the four of the fixture: one too many */
    static struct memory_entry entries[ENTRIES];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        entries[i] = memory_entry(7, 0x1000000000 - 0x2000ULL * i, 0x1000);
    }
    ck_assert(with_entry(entries, sizeof(entries) - 40));
    ck_assert_uint_eq(srat.memory_count, SRAT_MEMORIES_MAX);
    for (uint32_t i = 1; i < srat.memory_count; i++) {
        ck_assert_uint_lt(srat.memories[i - 1].base, srat.memories[i].base);
    }
    fixture_expect(with_entry(entries, sizeof(entries)), "SRAT", FIXTURE_ENTRIES + ENTRIES - 1,
                   "the table names more than 512 memory ranges");
}
END_TEST

START_TEST(test_too_many_cores) {
    enum { ENTRIES = SRAT_CORES_MAX - 3 };
    static uint32_t entries[ENTRIES][6];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const uint32_t words[6] = {2 | 24 << 8, 9, 1000 + i, 1};
        memcpy(entries[i], words, sizeof(words));
    }
    ck_assert(with_entry(entries, sizeof(entries) - 24));
    fixture_expect(with_entry(entries, sizeof(entries)), "SRAT", FIXTURE_ENTRIES + ENTRIES - 1,
                   "the table names more than 8192 processors");
}
END_TEST

SUITE_MAIN("srat", test_read, test_revision_1, test_truncated, test_entry_of_length_zero, test_short_entries,
           test_neighbours, test_overlap_in_one_domain, test_overlap_of_domains, test_leaves_out_most,
           test_leaves_out_most_above, test_range_wraps, test_core_twice, test_too_many_ranges, test_too_many_cores)
