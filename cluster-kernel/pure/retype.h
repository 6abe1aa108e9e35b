/* SPDX-License-Identifier: MIT
 *
 * Retype arithmetic: which objects fit where in an untyped. Numbers only; nothing here reads or writes a slot.
 */
#ifndef R4_PURE_RETYPE_H
#define R4_PURE_RETYPE_H

#include "object_size.h"
#include "slot.h"

#define RETYPE_UNTYPED_MIN_LOG2 6U  /* 64 bytes: the granularity of object addresses */
#define RETYPE_UNTYPED_MAX_LOG2 45U /* all RAM that slots can name */

struct retype_request {
    enum r4_cap_type type;
    uint32_t size_log2; /* Untyped: any; Frame: 12 or 21; others: 0 or their one size */
    uint32_t count;     /* 1..R4_RETYPE_MAX */
    uint64_t offset;    /* of the first object in the untyped, bytes */
};

/* log2 of the bytes that an object of this type takes; 0 if the type cannot be created, or not with that size. */
static inline uint32_t retype_object_log2(enum r4_cap_type type, uint32_t size_log2) {
    /* Bit n: an object of the type can have 2^n bytes. Bit 0: the size may be given as 0, since there is only one. */
    static const uint64_t sizes[R4_CAP_TYPE_COUNT] = {
        [R4_CAP_UNTYPED] = (2ULL << RETYPE_UNTYPED_MAX_LOG2) - (1ULL << RETYPE_UNTYPED_MIN_LOG2),
        [R4_CAP_FRAME] = 1ULL << R4_PAGE_BITS | 1ULL << R4_LARGE_BITS,
        [R4_CAP_CAP_PAGE] = 1 | 1ULL << R4_PAGE_BITS,
        [R4_CAP_PAGE_TABLE] = 1 | 1ULL << R4_PAGE_BITS,
        [R4_CAP_PD] = 1 | 1ULL << PD_LOG2,
        [R4_CAP_THREAD] = 1 | 1ULL << THREAD_LOG2,
        [R4_CAP_NOTIFICATION] = 1 | 1ULL << NOTIFICATION_LOG2,
    };
    uint64_t allowed = (uint32_t)type < R4_CAP_TYPE_COUNT ? sizes[type] : 0;
    if (size_log2 > 63 || (allowed >> size_log2 & 1) == 0) {
        return 0;
    }
    return size_log2 != 0 ? size_log2 : (uint32_t)__builtin_ctzll(allowed - 1);
}

/* What an accepted request will take. */
struct retype_result {
    uint32_t object_log2;
    uint64_t end; /* the new watermark */
};

/* Checks the request against an untyped of 2^untyped_log2 bytes whose watermark (bytes) is given. R4_OK sets *result.
 * Else R4_ERR_ARGUMENT (type, size, count), R4_ERR_ALIGNMENT, R4_ERR_WATERMARK, R4_ERR_SPACE. */
static inline enum r4_error retype_check(const struct retype_request *request, uint32_t untyped_log2,
                                         uint64_t watermark, struct retype_result *result) {
    uint32_t log2 = retype_object_log2(request->type, request->size_log2);
    if (log2 == 0 || request->count == 0 || request->count > R4_RETYPE_MAX) {
        return R4_ERR_ARGUMENT;
    }
    uint64_t size = 1ULL << untyped_log2;
    uint64_t end = request->offset + ((uint64_t)request->count << log2);
    if (!is_aligned(request->offset, 1ULL << log2)) {
        return R4_ERR_ALIGNMENT;
    }
    if (request->offset < watermark) {
        return R4_ERR_WATERMARK;
    }
    /* R4_RETYPE_MAX objects of the largest size and an offset below `size` are together below 2^64: no overflow. */
    if (request->offset >= size || end > size) {
        return R4_ERR_SPACE;
    }
    *result = (struct retype_result){log2, end};
    return R4_OK;
}

#endif
