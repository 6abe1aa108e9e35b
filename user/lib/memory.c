/* SPDX-License-Identifier: MIT
 *
 * The root task's untyped memory.
 */
#include "lib/memory.h"
#include "lib/cap.h"
#include "lib/print.h"
#include "lib/untyped.h"
#include "lib/window.h"

#define SPARES 32U

static uint32_t spares[SPARES]; /* slots of untypeds that were given back: unused */
static uint32_t spare_count;

static uint32_t object_log2(enum r4_cap_type type, uint32_t size_log2) {
    switch (type) {
    case R4_CAP_PD:
        return R4_PD_LOG2;
    case R4_CAP_THREAD:
        return R4_THREAD_LOG2;
    case R4_CAP_NOTIFICATION:
        return R4_NOTIFICATION_LOG2;
    case R4_CAP_CAP_PAGE:
    case R4_CAP_PAGE_TABLE:
        return R4_PAGE_BITS;
    default:
        return size_log2;
    }
}

/* The offset in an untyped at which `count` objects would begin, or the untyped's size if they do not fit. */
static uint64_t offset_find(uint32_t untyped, uint32_t log2, uint32_t count) {
    uint64_t size = 1ULL << r4_size_log2(untyped);
    uint64_t offset = round_up(r4_watermark(untyped), 1ULL << log2);
    return offset < size && (size - offset) >> log2 >= count ? offset : size;
}

static bool make(uint32_t untyped, enum r4_cap_type type, uint32_t size_log2, uint32_t count, uint32_t target) {
    if (r4_type(untyped) != R4_CAP_UNTYPED) {
        return false; /* handed off */
    }
    uint64_t offset = offset_find(untyped, object_log2(type, size_log2), count);
    if (offset == 1ULL << r4_size_log2(untyped)) {
        return false;
    }
    struct r4_objects objects = {type, size_log2, count, offset, target};
    must(r4_untyped_retype(r4_own(untyped), objects), "retype");
    return true;
}

uint32_t memory_create(enum r4_cap_type type, uint32_t size_log2, uint32_t count) {
    const struct r4_root_info *info = r4_info();
    uint32_t first = slots_take(count);
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        if (make(info->untyped[i].slot, type, size_log2, count, first)) {
            return first;
        }
    }
    fail(R4_ERR_SPACE, "no untyped has room");
}

uint32_t memory_create_from(uint32_t untyped, enum r4_cap_type type, uint32_t size_log2, uint32_t count) {
    uint32_t first = slots_take_for(untyped, count);
    if (!make(untyped, type, size_log2, count, first)) {
        fail(R4_ERR_SPACE, "the untyped has no room");
    }
    return first;
}

void memory_delete(uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        must(r4_cap_delete(r4_own(first + i)), "deleting");
    }
    slots_give(first, count);
}

bool memory_has(uint32_t size_log2) {
    const struct r4_root_info *info = r4_info();
    bool found = false;
    for (uint32_t i = 0; i < spare_count; i++) {
        found |= r4_size_log2(spares[i]) == size_log2;
    }
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        uint32_t untyped = info->untyped[i].slot;
        found |=
            r4_type(untyped) == R4_CAP_UNTYPED && offset_find(untyped, size_log2, 1) < 1ULL << r4_size_log2(untyped);
    }
    return found;
}

uint32_t memory_take(uint32_t size_log2) {
    for (uint32_t i = 0; i < spare_count; i++) {
        uint32_t untyped = spares[i];
        if (r4_size_log2(untyped) == size_log2) {
            spares[i] = spares[--spare_count];
            return untyped;
        }
    }
    return memory_create(R4_CAP_UNTYPED, size_log2, 1);
}

void memory_give(uint32_t untyped) {
    for (uint32_t i = 0; i < spare_count; i++) {
        require(spares[i] != untyped, "an untyped is given back once");
    }
    must(r4_cap_revoke(r4_own(untyped)).error, "revoking an untyped");
    slots_give_of(untyped);
    if (spare_count == SPARES) {
        memory_delete(untyped, 1); /* its memory comes back with memory_reset() */
    } else {
        spares[spare_count++] = untyped;
    }
}

enum r4_error memory_reset(void) {
    const struct r4_root_info *info = r4_info();
    enum r4_error first = R4_OK;
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        uint32_t slot = info->untyped[i].slot;
        enum r4_error error = r4_watermark(slot) == 0 ? R4_OK : r4_cap_revoke(r4_own(slot)).error;
        first = first == R4_OK ? error : first;
    }
    slots_init();
    spare_count = 0;
    return first;
}
