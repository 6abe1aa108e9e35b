/* SPDX-License-Identifier: MIT
 *
 * Retype arithmetic.
 */
#include "retype.h"
#include "object_size.h"

uint32_t retype_object_log2(enum r4_cap_type type, uint32_t size_log2) {
    switch (type) {
    case R4_CAP_UNTYPED:
        return size_log2 >= RETYPE_UNTYPED_MIN_LOG2 && size_log2 <= RETYPE_UNTYPED_MAX_LOG2 ? size_log2 : 0;
    case R4_CAP_FRAME:
        return size_log2 == R4_PAGE_BITS || size_log2 == R4_LARGE_BITS ? size_log2 : 0;
    case R4_CAP_CAP_PAGE:
    case R4_CAP_PAGE_TABLE:
        return size_log2 == 0 || size_log2 == R4_PAGE_BITS ? R4_PAGE_BITS : 0;
    case R4_CAP_PD:
        return size_log2 == 0 || size_log2 == PD_LOG2 ? PD_LOG2 : 0;
    case R4_CAP_THREAD:
        return size_log2 == 0 || size_log2 == THREAD_LOG2 ? THREAD_LOG2 : 0;
    default:
        return 0;
    }
}

enum r4_error retype_check(const struct retype_request *request, uint32_t untyped_log2, uint64_t watermark,
                           uint64_t *end) {
    uint32_t log2 = retype_object_log2(request->type, request->size_log2);
    if (log2 == 0 || request->count == 0 || request->count > R4_RETYPE_MAX) {
        return R4_ERR_ARGUMENT;
    }
    uint64_t size = 1ULL << untyped_log2;
    if (!is_aligned(request->offset, 1ULL << log2)) {
        return R4_ERR_ALIGNMENT;
    }
    if (request->offset < watermark) {
        return R4_ERR_WATERMARK;
    }
    if (log2 > untyped_log2 || request->offset >= size || request->count > (size - request->offset) >> log2) {
        return R4_ERR_SPACE;
    }
    *end = request->offset + ((uint64_t)request->count << log2);
    return R4_OK;
}
