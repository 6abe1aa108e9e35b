/* SPDX-License-Identifier: MIT
 *
 * Which CPUs are warned about: by maker, by what they declare, by what they lack.
 */
#include "core/weakness.h"
#include "suite.h"

#define BIT(weakness) (1U << (weakness))
#define LEAKS         (BIT(WEAKNESS_MELTDOWN) | BIT(WEAKNESS_L1TF) | BIT(WEAKNESS_MDS))

static uint32_t find(const char *vendor, uint64_t capabilities, bool smep, bool smap) {
    struct weakness_cpu cpu = {.capabilities = capabilities, .has_smep = smep, .has_smap = smap};
    strcpy(cpu.vendor, vendor);
    return weakness_find(&cpu);
}

START_TEST(test_declared) {
    ck_assert_uint_eq(find("GenuineIntel", 0, true, true), LEAKS);
    ck_assert_uint_eq(find("GenuineIntel", 0x01, true, true), BIT(WEAKNESS_MDS));
    ck_assert_uint_eq(find("GenuineIntel", 0x20, true, true), BIT(WEAKNESS_MELTDOWN) | BIT(WEAKNESS_L1TF));
    ck_assert_uint_eq(find("GenuineIntel", 0x21, true, true), 0);
    ck_assert_uint_eq(find("GenuineIntel", ~0x21ULL, true, true), LEAKS);
}
END_TEST

START_TEST(test_makers) {
    ck_assert_uint_eq(find("AuthenticAMD", 0, true, true), 0);
    ck_assert_uint_eq(find("HygonGenuine", 0, true, true), 0);
    ck_assert_uint_eq(find("", 0, true, true), LEAKS);
}
END_TEST

START_TEST(test_lacks) {
    ck_assert_uint_eq(find("AuthenticAMD", 0, false, true), BIT(WEAKNESS_NO_SMEP));
    ck_assert_uint_eq(find("AuthenticAMD", 0, true, false), BIT(WEAKNESS_NO_SMAP));
    ck_assert_uint_eq(find("GenuineIntel", 0, false, false), LEAKS | BIT(WEAKNESS_NO_SMEP) | BIT(WEAKNESS_NO_SMAP));
}
END_TEST

START_TEST(test_texts) {
    for (unsigned i = 0; i < WEAKNESS_COUNT; i++) {
        ck_assert_uint_gt(strlen(weakness_text((enum weakness)i)), 20);
        for (unsigned j = 0; j < i; j++) {
            ck_assert_str_ne(weakness_text((enum weakness)i), weakness_text((enum weakness)j));
        }
    }
}
END_TEST

SUITE_MAIN("weakness", test_declared, test_makers, test_lacks, test_texts)
