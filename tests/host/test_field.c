/* SPDX-License-Identifier: MIT
 *
 * Bit ranges: every range of a byte, exhaustively, and the edges of wider words.
 */
#include "expect.h"
#include "random.h"
#include "suite.h"
#include <r4/field.h>

struct byte_field {
    uint8_t (*get)(uint8_t word);
    uint8_t (*set)(uint8_t word, uint8_t value);
    uint8_t (*max)(void);
    unsigned hi;
    unsigned lo;
};

/* Every range of bits in a byte. */
/* clang-format off */
#define BYTE_FIELDS(X) \
    X(0, 0) X(1, 0) X(2, 0) X(3, 0) X(4, 0) X(5, 0) X(6, 0) X(7, 0) \
    X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) \
    X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2) X(7, 2) \
    X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(7, 3) \
    X(4, 4) X(5, 4) X(6, 4) X(7, 4) \
    X(5, 5) X(6, 5) X(7, 5) \
    X(6, 6) X(7, 6) \
    X(7, 7)
/* clang-format on */

#define DEFINE_BYTE_FIELD(hi, lo) DEFINE_FIELD(uint8_t, byte_##hi##_##lo, hi, lo)
BYTE_FIELDS(DEFINE_BYTE_FIELD)

#define LIST_BYTE_FIELD(hi, lo) {byte_##hi##_##lo##_get, byte_##hi##_##lo##_set, byte_##hi##_##lo##_max, hi, lo},
static const struct byte_field byte_fields[] = {BYTE_FIELDS(LIST_BYTE_FIELD)};

DEFINE_FIELD(uint16_t, half_all, 15, 0)
DEFINE_FIELD(uint16_t, half_top, 15, 15)
DEFINE_FIELD(uint32_t, word_all, 31, 0)
DEFINE_FIELD(uint32_t, word_top, 31, 20)
DEFINE_FIELD(uint64_t, long_all, 63, 0)
DEFINE_FIELD(uint64_t, long_top, 63, 63)
DEFINE_FIELD(uint64_t, long_low, 0, 0)
DEFINE_FIELD(uint64_t, long_middle, 40, 24)

/* Bit by bit, without shifts of whole words. */
static uint8_t set_by_bits(uint8_t word, uint8_t value, unsigned hi, unsigned lo) {
    uint8_t result = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        bool inside = bit >= lo && bit <= hi;
        bool one = inside ? (value >> (bit - lo) & 1) != 0 : (word >> bit & 1) != 0;
        result = (uint8_t)(result | (one ? 1U << bit : 0));
    }
    return result;
}

START_TEST(test_every_range_of_a_byte) {
    ck_assert_uint_eq(R4_COUNT(byte_fields), 36);
    for (size_t i = 0; i < R4_COUNT(byte_fields); i++) {
        const struct byte_field *field = &byte_fields[i];
        unsigned width = field->hi - field->lo + 1;
        ck_assert_uint_eq(field->max(), (1U << width) - 1);
        for (unsigned word = 0; word < 256; word++) {
            EXPECT(field->get((uint8_t)word) == (word >> field->lo) % (1U << width));
            for (unsigned value = 0; value < 256; value++) {
                uint8_t expected = set_by_bits((uint8_t)word, (uint8_t)value, field->hi, field->lo);
                EXPECT(field->set((uint8_t)word, (uint8_t)value) == expected);
            }
        }
    }
}
END_TEST

START_TEST(test_whole_words) {
    uint64_t state = 1;
    ck_assert_uint_eq(half_all_max(), 0xffff);
    ck_assert_uint_eq(word_all_max(), 0xffffffff);
    ck_assert_uint_eq(long_all_max(), UINT64_MAX);
    for (int i = 0; i < 1000; i++) {
        uint64_t word = random_next(&state);
        uint64_t value = random_next(&state);
        ck_assert_uint_eq(half_all_get((uint16_t)word), (uint16_t)word);
        ck_assert_uint_eq(word_all_get((uint32_t)word), (uint32_t)word);
        ck_assert_uint_eq(half_all_set((uint16_t)word, (uint16_t)value), (uint16_t)value);
        ck_assert_uint_eq(word_all_set((uint32_t)word, (uint32_t)value), (uint32_t)value);
        ck_assert_uint_eq(long_all_set(word, value), value);
        ck_assert_uint_eq(long_all_get(word), word);
    }
}
END_TEST

START_TEST(test_edges) {
    ck_assert_uint_eq(half_top_max(), 1);
    ck_assert_uint_eq(half_top_get(0x8000), 1);
    ck_assert_uint_eq(half_top_get(0x7fff), 0);
    ck_assert_uint_eq(half_top_set(0, 3), 0x8000); /* higher bits of the value are dropped */
    ck_assert_uint_eq(half_top_set(0xffff, 2), 0x7fff);
    ck_assert_uint_eq(word_top_max(), 0xfff);
    ck_assert_uint_eq(word_top_get(0xabcdefff), 0xabc);
    ck_assert_uint_eq(word_top_set(0xffffffff, 0x5123), 0x123fffff);
    ck_assert_uint_eq(long_top_max(), 1);
    ck_assert_uint_eq(long_top_get(1ULL << 63), 1);
    ck_assert_uint_eq(long_top_set(UINT64_MAX, 0), UINT64_MAX >> 1);
    ck_assert_uint_eq(long_low_max(), 1);
    ck_assert_uint_eq(long_low_get(3), 1);
    ck_assert_uint_eq(long_low_set(UINT64_MAX, 0), UINT64_MAX - 1);
    ck_assert_uint_eq(long_middle_max(), 0x1ffff);
    ck_assert_uint_eq(long_middle_set(0, UINT64_MAX), 0x000001ffff000000ULL);
    ck_assert_uint_eq(long_middle_set(UINT64_MAX, 0), 0xfffffe0000ffffffULL);
    ck_assert_uint_eq(long_middle_get(0x000001ffff000000ULL), 0x1ffff);
}
END_TEST

SUITE_MAIN("field", test_every_range_of_a_byte, test_whole_words, test_edges)
