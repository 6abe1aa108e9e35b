/* SPDX-License-Identifier: MIT
 *
 * format() against the C library's snprintf, which it agrees with on all that it knows, and the cases that are its own.
 */
#include "suite.h"
#include <limits.h>
#include <r4/format.h>
#include <stdio.h>
#include <stdlib.h>

/* The same text by both, in full and cut at every size; the room is exact, so that one byte too many is seen by ASan.
 */
#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char expected[256];                                                                                            \
        int length = snprintf(expected, sizeof(expected), __VA_ARGS__);                                                \
        for (size_t size = 1; size <= (size_t)length + 2; size++) {                                                    \
            char *out = malloc(size);                                                                                  \
            size_t written = format(out, size, __VA_ARGS__);                                                           \
            size_t fits = size - 1 < (size_t)length ? size - 1 : (size_t)length;                                       \
            ck_assert_uint_eq(written, fits);                                                                          \
            ck_assert_uint_eq(strlen(out), fits);                                                                      \
            ck_assert_mem_eq(out, expected, fits);                                                                     \
            free(out);                                                                                                 \
        }                                                                                                              \
    } while (0)

START_TEST(test_plain) {
    SAME("%s", "");
    SAME("no directive at all");
    SAME("100%% of %c%c", 'a', 'b');
}
END_TEST

START_TEST(test_numbers) {
    const long values[] = {0, 1, -1, 9, 10, -10, 4095, 123456789, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        int narrow = (int)values[i];
        SAME("%d %u %x", narrow, (unsigned)narrow, (unsigned)narrow);
        SAME("%ld %lu %lx", values[i], (unsigned long)values[i], (unsigned long)values[i]);
        SAME("[%7d|%-7d|%07d]", narrow, narrow, narrow);
        SAME("[%24ld|%-24ld|%024ld]", values[i], values[i], values[i]);
        SAME("[%016lx|%20lu|%2x]", (unsigned long)values[i], (unsigned long)values[i], (unsigned)narrow);
    }
}
END_TEST

START_TEST(test_strings) {
    SAME("[%s|%8s|%-8s|%2s]", "name", "name", "name", "name");
    SAME("%3c|%-3c|", 'x', 'y');
    SAME("%s: cluster %u has %lu KiB at 0x%012lx\n", "pool", 3U, 1UL << 40, 0xffff800000000000UL);
}
END_TEST

START_TEST(test_own_cases) {
    char out[64];
    const char *volatile nothing = NULL; /* volatile: the compiler would warn of what is meant here */
    const char *volatile unknown = "%q %5z %";
    ck_assert_uint_eq(format(out, sizeof(out), "%8s|", nothing), 9);
    ck_assert_str_eq(out, "  (null)|");
    format(out, sizeof(out), unknown, 0);
    ck_assert_str_eq(out, "%q %5z %");
    out[0] = 'x';
    ck_assert_uint_eq(format(out, 0, "text"), 0);
    ck_assert_int_eq(out[0], 'x');
}
END_TEST

START_TEST(test_huge_width) {
    char out[16];
    const char *volatile wide = "%99999999999999999999u";
    ck_assert_uint_eq(format(out, sizeof(out), wide, 7U), 15);
    ck_assert_str_eq(out, "               ");
}
END_TEST

SUITE_MAIN("format", test_plain, test_numbers, test_strings, test_own_cases, test_huge_width)
