/* SPDX-License-Identifier: MIT
 *
 * The SLIT: a good one, and each way to be wrong.
 */
#include "acpi_fixture.h"
#include "core/slit.h"
#include "suite.h"

#define LENGTH_WRONG "its length does not fit its number of domains"

static struct slit slit;

START_TEST(test_read) {
    static const uint32_t expected[3][3] = {{10, 21, 31}, {20, 10, 255}, {31, 21, 10}};
    ck_assert(slit_read(fixture_load("slit"), &slit, fixture_notes(), &why));
    ck_assert_uint_eq(slit.count, 3);
    for (uint32_t from = 0; from < 3; from++) {
        for (uint32_t to = 0; to < 3; to++) {
            ck_assert_uint_eq(slit_distance(&slit, from, to), expected[from][to]);
        }
    }
    ck_assert_uint_eq(slit_distance(&slit, 3, 0), 0);
    ck_assert_uint_eq(slit_distance(&slit, 0, UINT32_MAX), 0);
}
END_TEST

START_TEST(test_truncated) {
    const struct acpi_header *table = fixture_load("slit");
    ck_assert_uint_eq(table->length, 53);
    for (uint32_t length = 36; length < table->length; length++) {
        struct acpi_header *cut = fixture_cut(table, length);
        fixture_expect(slit_read(cut, &slit, fixture_notes(), &why), "SLIT", FIXTURE_NO_ENTRY,
                       length < 44 ? "it is shorter than 44 bytes" : LENGTH_WRONG);
    }
}
END_TEST

/* Firmware that leaves room for more domains than it counts. */
START_TEST(test_longer_than_its_count) {
    struct acpi_header *table = fixture_extend(fixture_load("slit"), "\xa\0", 2);
    ck_assert(slit_read(table, &slit, fixture_notes(), &why));
    fixture_expect_note("ignored: ACPI table SLIT: what is after the distances of its domains, bytes 2");
    ck_assert_uint_eq(slit.count, 3);
    ck_assert_uint_eq(slit_distance(&slit, 2, 1), 21);
}
END_TEST

/* 2^32 squared is 0 in 64 bits. */
START_TEST(test_count) {
    static const struct {
        uint64_t count;
        const char *what;
    } cases[] = {{0, "its number of domains is 0 or above 4096"},
                 {4, LENGTH_WRONG},
                 {4096, LENGTH_WRONG},
                 {4097, "its number of domains is 0 or above 4096"},
                 {1ULL << 32, "its number of domains is 0 or above 4096"},
                 {UINT64_MAX, "its number of domains is 0 or above 4096"}};
    struct acpi_header *table = fixture_load("slit");
    for (size_t i = 0; i < R4_COUNT(cases); i++) {
        memcpy((uint8_t *)table + 36, &cases[i].count, 8);
        fixture_expect(slit_read(table, &slit, fixture_notes(), &why), "SLIT", FIXTURE_NO_ENTRY, cases[i].what);
    }
}
END_TEST

START_TEST(test_distances) {
    struct acpi_header *table = fixture_load("slit");
    uint8_t *matrix = (uint8_t *)table + 44;
    matrix[4] = 11;
    fixture_expect(slit_read(table, &slit, fixture_notes(), &why), "SLIT", 4,
                   "the distance of a domain to itself is not 10");
    matrix[4] = 10;
    matrix[7] = 9;
    fixture_expect(slit_read(table, &slit, fixture_notes(), &why), "SLIT", 7, "a distance is below 10");
}
END_TEST

SUITE_MAIN("slit", test_read, test_truncated, test_longer_than_its_count, test_count, test_distances)
