/* SPDX-License-Identifier: MIT
 *
 * shared/string.c against the C library, at every alignment of both sides and every length around the word size. The
 * build gives our four memory functions the names string_memcpy, …: the sanitizers keep their own.
 */
#include "suite.h"
#include <r4/string.h>

void *string_memcpy(void *restrict target, const void *restrict source, size_t size);
void *string_memmove(void *target, const void *source, size_t size);
void *string_memset(void *target, int value, size_t size);
int string_memcmp(const void *left, const void *right, size_t size);

enum { SPAN = 64, REACH = 9, LENGTHS = 34 };

static void fill(uint8_t *bytes) {
    for (unsigned i = 0; i < SPAN; i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
}

START_TEST(test_copy_and_set) {
    for (size_t to = 0; to < REACH; to++) {
        for (size_t length = 0; length < LENGTHS; length++) {
            for (size_t from = 0; from < REACH; from++) {
                _Alignas(8) uint8_t source[SPAN], ours[SPAN] = {0}, theirs[SPAN] = {0};
                fill(source);
                ck_assert_ptr_eq(string_memcpy(ours + to, source + from, length), ours + to);
                memcpy(theirs + to, source + from, length);
                ck_assert_mem_eq(ours, theirs, SPAN);
            }
            _Alignas(8) uint8_t ours[SPAN] = {0}, theirs[SPAN] = {0};
            ck_assert_ptr_eq(string_memset(ours + to, 0x1a5, length), ours + to);
            memset(theirs + to, 0xa5, length);
            ck_assert_mem_eq(ours, theirs, SPAN);
        }
    }
}
END_TEST

START_TEST(test_move_overlapping) {
    for (size_t to = 0; to < 2 * REACH; to++) {
        for (size_t from = 0; from < 2 * REACH; from++) {
            for (size_t length = 0; length < LENGTHS; length++) {
                uint8_t ours[SPAN], theirs[SPAN];
                fill(ours);
                fill(theirs);
                ck_assert_ptr_eq(string_memmove(ours + to, ours + from, length), ours + to);
                memmove(theirs + to, theirs + from, length);
                ck_assert_mem_eq(ours, theirs, SPAN);
            }
        }
    }
}
END_TEST

START_TEST(test_compare) {
    ck_assert_int_eq(string_memcmp("abc", "abd", 2), 0);
    ck_assert_int_lt(string_memcmp("abc", "abd", 3), 0);
    ck_assert_int_gt(string_memcmp("\xff", "\x01", 1), 0); /* bytes are unsigned */
    ck_assert_int_eq(string_memcmp("a", "b", 0), 0);
}
END_TEST

START_TEST(test_text) {
    ck_assert_uint_eq(string_length(""), 0);
    ck_assert_uint_eq(string_length("four"), 4);
    ck_assert(string_equal("", "") && string_equal("ab", "ab"));
    ck_assert(!string_equal("ab", "a") && !string_equal("a", "ab") && !string_equal("a", "b"));
    ck_assert(string_starts("layout", "lay") && string_starts("lay", "lay") && string_starts("lay", ""));
    ck_assert(!string_starts("la", "lay") && !string_starts("xlay", "lay"));
}
END_TEST

START_TEST(test_copy_is_bounded) {
    char out[5] = "....";
    ck_assert(string_copy(out, 4, "abc"));
    ck_assert_str_eq(out, "abc");
    ck_assert(!string_copy(out, 3, "abc"));
    ck_assert_str_eq(out, "ab");
    ck_assert(!string_copy(out, 1, "abc"));
    ck_assert_str_eq(out, "");
    ck_assert(string_copy(out, 1, ""));
    ck_assert_int_eq(out[4], '\0');
}
END_TEST

START_TEST(test_word) {
    ck_assert(string_word("verbose", "verbose"));
    ck_assert(string_word("a=verbose verbose b", "verbose"));
    ck_assert(string_word("a  verbose", "verbose"));
    ck_assert(!string_word("verbosely a=verbose unverbose verbose=1", "verbose"));
    ck_assert(!string_word("", "verbose"));
}
END_TEST

START_TEST(test_option) {
    char out[8];
    ck_assert(string_option("program=demo x=1", "program", out, sizeof(out)));
    ck_assert_str_eq(out, "demo");
    ck_assert(string_option("program=demo program=bench", "program", out, sizeof(out))); /* the last one counts */
    ck_assert_str_eq(out, "bench");
    ck_assert(string_option("a= b=2", "a", out, sizeof(out)));
    ck_assert_str_eq(out, "");
    ck_assert(string_option(" fault=very-long-value", "fault", out, sizeof(out)));
    ck_assert_str_eq(out, "very-lo");
    ck_assert(!string_option("subprogram=demo programs=demo program", "program", out, sizeof(out)));
    ck_assert_str_eq(out, "");
    ck_assert(!string_option("", "program", out, sizeof(out)));
}
END_TEST

START_TEST(test_number) {
    uint64_t value = 1;
    ck_assert_str_eq(string_number("1200:x", &value), ":x");
    ck_assert_uint_eq(value, 1200);
    ck_assert_str_eq(string_number("0x2aG", &value), "G");
    ck_assert_uint_eq(value, 0x2a);
    ck_assert_str_eq(string_number("7f", &value), "f");
    ck_assert_uint_eq(value, 7);
    ck_assert_ptr_null(string_number("", &value));
    ck_assert_ptr_null(string_number("0x", &value));
    ck_assert_ptr_null(string_number("x1", &value));
}
END_TEST

SUITE_MAIN("string", test_copy_and_set, test_move_overlapping, test_compare, test_text, test_copy_is_bounded, test_word,
           test_option, test_number)
