/* SPDX-License-Identifier: MIT
 *
 * Retype arithmetic: every request of a small untyped, compared with a model that places the objects one by one; and
 * the largest untyped.
 */
#include "expect.h"
#include "pure/object_size.h"
#include "pure/retype.h"
#include "suite.h"

/* An untyped has any power of two from 64 bytes to all RAM. All other types have the sizes in this list. */
static const struct {
    enum r4_cap_type type;
    uint32_t sizes[2];
    uint32_t zero; /* what size 0 means, 0 = refused */
} kinds[] = {
    {R4_CAP_FRAME, {12, 21}, 0},
    {R4_CAP_CAP_PAGE, {12, 12}, 12},
    {R4_CAP_PAGE_TABLE, {12, 12}, 12},
    {R4_CAP_PD, {PD_LOG2, PD_LOG2}, PD_LOG2},
    {R4_CAP_THREAD, {THREAD_LOG2, THREAD_LOG2}, THREAD_LOG2},
    {R4_CAP_NOTIFICATION, {NOTIFICATION_LOG2, NOTIFICATION_LOG2}, NOTIFICATION_LOG2},
};

static uint32_t model_log2(uint32_t type, uint32_t size) {
    if (type == R4_CAP_UNTYPED) {
        return size >= 6 && size <= 45 ? size : 0;
    }
    for (size_t i = 0; i < R4_COUNT(kinds); i++) {
        if (kinds[i].type == type) {
            return size == 0 ? kinds[i].zero : size == kinds[i].sizes[0] || size == kinds[i].sizes[1] ? size : 0;
        }
    }
    return 0;
}

START_TEST(test_object_sizes) {
    for (uint32_t type = 0; type < 256; type++) {
        for (uint32_t size = 0; size < 256; size++) {
            EXPECT(retype_object_log2((enum r4_cap_type)type, size) == model_log2(type, size));
        }
        ck_assert_uint_eq(retype_object_log2((enum r4_cap_type)type, UINT32_MAX), 0);
    }
}
END_TEST

/* In 128 bits nothing overflows; the objects are placed one by one. */
static enum r4_error model_check(const struct retype_request *request, uint32_t untyped_log2, uint64_t watermark,
                                 uint64_t *end) {
    uint32_t log2 = model_log2(request->type, request->size_log2);
    if (log2 == 0 || request->count < 1 || request->count > 64) {
        return R4_ERR_ARGUMENT;
    }
    unsigned __int128 at = request->offset;
    unsigned __int128 object = (unsigned __int128)1 << log2;
    if (at % object != 0) {
        return R4_ERR_ALIGNMENT;
    }
    if (at < watermark) {
        return R4_ERR_WATERMARK;
    }
    for (uint32_t i = 0; i < request->count; i++) {
        at += object;
        if (at > (unsigned __int128)1 << untyped_log2) {
            return R4_ERR_SPACE;
        }
    }
    *end = (uint64_t)at;
    return R4_OK;
}

static uint32_t reached; /* errors seen, one bit each */

static void expect_model(struct retype_request request, uint32_t untyped_log2, uint64_t watermark) {
    const uint64_t untouched = 0x1234567812345678ULL;
    struct retype_result result = {0, untouched};
    uint64_t expected_end = untouched; /* a refused request does not change it */
    enum r4_error error = retype_check(&request, untyped_log2, watermark, &result);
    enum r4_error expected = model_check(&request, untyped_log2, watermark, &expected_end);
    uint32_t expected_log2 = expected == R4_OK ? model_log2(request.type, request.size_log2) : 0;
    if (error != expected || result.end != expected_end || result.object_log2 != expected_log2) {
        ck_abort_msg("type %u size %u count %u offset %#jx of 2^%u above %#jx: error %u, not %u; end %#jx",
                     request.type, request.size_log2, request.count, (uintmax_t)request.offset, untyped_log2,
                     (uintmax_t)watermark, error, expected, (uintmax_t)result.end);
    }
    reached |= 1U << error;
}

#define ALL_REACHED                                                                                                    \
    (1U << R4_OK | 1U << R4_ERR_ARGUMENT | 1U << R4_ERR_ALIGNMENT | 1U << R4_ERR_WATERMARK | 1U << R4_ERR_SPACE)

static void expect_all_counts(struct retype_request request, uint32_t untyped_log2, uint64_t watermark) {
    for (request.count = 0; request.count <= 66; request.count++) {
        expect_model(request, untyped_log2, watermark);
    }
}

START_TEST(test_small_untyped_exhaustively) {
    reached = 0;
    for (uint32_t untyped = 6; untyped <= 9; untyped++) {
        for (uint32_t size = 5; size <= untyped + 1; size++) {
            for (uint64_t offset = 0; offset <= (1U << untyped) + 64; offset += 32) {
                for (uint64_t watermark = 0; watermark <= 1U << untyped; watermark += 64) {
                    struct retype_request request = {R4_CAP_UNTYPED, size, 0, offset};
                    expect_all_counts(request, untyped, watermark);
                }
            }
        }
    }
    ck_assert_uint_eq(reached, ALL_REACHED);
}
END_TEST

START_TEST(test_objects_of_pages) {
    static const uint32_t sizes[] = {0, 12, 13, 21};
    reached = 0;
    for (uint32_t i = 0; i < R4_COUNT(kinds) * R4_COUNT(sizes); i++) {
        for (uint32_t untyped = 11; untyped <= 15; untyped++) {
            for (uint64_t offset = 0; offset <= (1U << untyped) + 4096; offset += 2048) {
                for (uint64_t watermark = 0; watermark <= 1U << untyped; watermark += 4096) {
                    struct retype_request request = {kinds[i / 4].type, sizes[i % 4], 0, offset};
                    expect_all_counts(request, untyped, watermark);
                }
            }
        }
    }
    ck_assert_uint_eq(reached, ALL_REACHED);
}
END_TEST

/* Offsets and counts around every power of two: sums that do not fit into 64 bits, or wrap to small numbers. */
START_TEST(test_largest_untyped) {
    static const uint32_t counts[] = {1, 2, 63, 64, 65, 0x80000000, UINT32_MAX};
    reached = 0;
    for (uint32_t size = 6; size <= 45; size++) {
        for (uint32_t shift = size; shift < 64; shift++) {
            for (uint32_t i = 0; i < R4_COUNT(counts); i++) {
                uint64_t object = 1ULL << size;
                uint64_t power = 1ULL << shift;
                expect_model((struct retype_request){R4_CAP_UNTYPED, size, counts[i], power}, 45, 0);
                expect_model((struct retype_request){R4_CAP_UNTYPED, size, counts[i], power - object}, 45, 0);
                expect_model((struct retype_request){R4_CAP_UNTYPED, size, counts[i], power - 64 * object}, 45, power);
                expect_model((struct retype_request){R4_CAP_UNTYPED, size, counts[i], -power}, 45, power - object);
                expect_model((struct retype_request){R4_CAP_UNTYPED, size, counts[i], UINT64_MAX}, 45, 1ULL << 45);
            }
        }
    }
    ck_assert_uint_eq(reached, ALL_REACHED);
}
END_TEST

START_TEST(test_whole_and_last) {
    struct retype_result result = {0, 0};
    struct retype_request whole = {R4_CAP_UNTYPED, 45, 1, 0};
    ck_assert_int_eq(retype_check(&whole, 45, 0, &result), R4_OK);
    ck_assert_uint_eq(result.end, 1ULL << 45);
    struct retype_request last = {R4_CAP_FRAME, 21, 64, (1ULL << 45) - (64ULL << 21)};
    ck_assert_int_eq(retype_check(&last, 45, last.offset, &result), R4_OK);
    ck_assert_uint_eq(result.end, 1ULL << 45);
    ck_assert_int_eq(retype_check(&last, 45, last.offset + 1, &result), R4_ERR_WATERMARK);
    last.count = 65;
    ck_assert_int_eq(retype_check(&last, 45, 0, &result), R4_ERR_ARGUMENT);
    last = (struct retype_request){R4_CAP_FRAME, 21, 1, 1ULL << 45}; /* an untyped that is used up */
    ck_assert_int_eq(retype_check(&last, 45, 1ULL << 45, &result), R4_ERR_SPACE);
}
END_TEST

SUITE_MAIN("retype", test_object_sizes, test_small_untyped_exhaustively, test_objects_of_pages, test_largest_untyped,
           test_whole_and_last)
