/* SPDX-License-Identifier: MIT
 *
 * Making objects out of untyped memory.
 */
#ifndef R4_USER_UNTYPED_H
#define R4_USER_UNTYPED_H

#include "lib/address.h"

struct r4_objects { /* what one retype makes */
    enum r4_cap_type type;
    uint32_t size_log2; /* of an Untyped or Frame; 0 for what has one size */
    uint32_t count;     /* 1..R4_RETYPE_MAX */
    uint64_t offset;    /* of the first one in the untyped: aligned to the object's size, not below the watermark */
    uint32_t target;    /* the first of `count` empty slots, all in one cap page */
};

static inline enum r4_error r4_untyped_retype(r4_cap_t cap, struct r4_objects objects) {
    uint64_t what = r4_retype_type_put(objects.type) | r4_retype_size_log2_put(objects.size_log2) |
                    r4_retype_count_put(objects.count);
    return r4_syscall(cap, R4_OP_UNTYPED_RETYPE, what, objects.offset, objects.target, 0).error;
}

#endif
