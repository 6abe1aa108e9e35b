/* SPDX-License-Identifier: MIT
 *
 * Retype arithmetic: which objects fit where in an untyped. Pure numbers.
 */
#ifndef R4_CORE_RETYPE_H
#define R4_CORE_RETYPE_H

#include "slot.h"

#define RETYPE_UNTYPED_MIN_LOG2 6U  /* 64 bytes: the granularity of object addresses */
#define RETYPE_UNTYPED_MAX_LOG2 45U /* all RAM that slots can name */

struct retype_request {
    enum r4_cap_type type;
    uint32_t size_log2; /* Untyped: any; Frame: 12 or 21; others: 0 or their one size */
    uint32_t count;     /* 1..R4_RETYPE_MAX */
    uint64_t offset;    /* of the first object in the untyped, bytes */
};

/* log2 of the bytes that an object of this type takes; 0 if there is no such object or it cannot have that size. */
uint32_t retype_object_log2(enum r4_cap_type type, uint32_t size_log2);

/* Checks the request against an untyped of 2^untyped_log2 bytes whose watermark (bytes) is given. R4_OK sets *end to
 * the new watermark. Else R4_ERR_ARGUMENT (type, size, count), R4_ERR_ALIGNMENT, R4_ERR_WATERMARK, R4_ERR_SPACE. */
enum r4_error retype_check(const struct retype_request *request, uint32_t untyped_log2, uint64_t watermark,
                           uint64_t *end);

#endif
