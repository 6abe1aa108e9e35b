/* SPDX-License-Identifier: MIT
 *
 * What time can be measured by besides the PM timer: the HPET's address, and the TSC's rate as CPUID tells it.
 */
#include "acpi_fixture.h"
#include "core/hpet.h"
#include "core/tsc_rate.h"
#include "suite.h"

START_TEST(test_hpet) {
    phys_t base = 0;
    ck_assert(hpet_read(fixture_load("hpet"), &base, &why));
    ck_assert_uint_eq(base, 0xfed00000);
}
END_TEST

START_TEST(test_hpet_refused) {
    struct acpi_header *table = fixture_load("hpet");
    uint8_t *bytes = (uint8_t *)table;
    phys_t base = 0;
    fixture_expect(hpet_read(fixture_cut(table, 55), &base, &why), "HPET", FIXTURE_NO_ENTRY,
                   "it is shorter than 56 bytes");
    bytes[40] = 1;
    fixture_expect(hpet_read(table, &base, &why), "HPET", FIXTURE_NO_ENTRY, "its registers are not in memory");
    bytes[40] = 0;
    bytes[44] = 8;
    fixture_expect(hpet_read(table, &base, &why), "HPET", FIXTURE_NO_ENTRY,
                   "its registers' address is 0 or no multiple of 1024");
    memset(bytes + 44, 0, 8);
    fixture_expect(hpet_read(table, &base, &why), "HPET", FIXTURE_NO_ENTRY,
                   "its registers' address is 0 or no multiple of 1024");
}
END_TEST

/* Figures of real processors: one with a crystal, one that names none, and what says nothing. */
START_TEST(test_tsc_rate) {
    static const struct {
        struct tsc_leaves leaves;
        uint64_t rate;
    } cases[] = {{{2, 144, 25000000, 1800}, 1800000000},
                 {{2, 200, 0, 2400}, 2400000000},
                 {{0, 200, 25000000, 0}, 0},
                 {{2, 0, 25000000, 0}, 0},
                 {{1, UINT32_MAX, 25000000, 0}, 25000000ULL * UINT32_MAX},
                 {{0, 0, 0, 0}, 0}};
    for (size_t i = 0; i < R4_COUNT(cases); i++) {
        ck_assert_uint_eq(tsc_rate(&cases[i].leaves), cases[i].rate);
    }
}
END_TEST

SUITE_MAIN("clock", test_hpet, test_hpet_refused, test_tsc_rate)
