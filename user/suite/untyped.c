/* SPDX-License-Identifier: MIT
 *
 * Retype.
 */
#include "lib/untyped.h"
#include "lib/cap.h"
#include "lib/frame.h"
#include "lib/space.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define SIZE (1ULL << UNTYPED_LOG2)

static enum r4_error retype(uint32_t untyped, uint32_t type, uint32_t log2, uint32_t count, uint64_t offset,
                            uint32_t target) {
    struct r4_objects objects = {(enum r4_cap_type)type, log2, count, offset, target};
    return r4_untyped_retype(r4_own(untyped), objects);
}

static void unmade_types(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slot();
    const uint32_t made = 1U << R4_CAP_UNTYPED | 1U << R4_CAP_FRAME | 1U << R4_CAP_CAP_PAGE | 1U << R4_CAP_PAGE_TABLE |
                          1U << R4_CAP_PD | 1U << R4_CAP_THREAD | 1U << R4_CAP_NOTIFICATION;
    for (uint32_t type = 0; type <= UINT8_MAX; type++) {
        if (type >= 32 || (made >> type & 1) == 0) {
            REFUSED(R4_ERR_ARGUMENT, retype(untyped, type, R4_PAGE_BITS, 1, 0, target));
        }
    }
}

static void sizes(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slot();
    for (uint32_t log2 = 0; log2 <= UINT8_MAX; log2++) {
        if (log2 < 6 || log2 > 45) {
            REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_UNTYPED, log2, 1, 0, target));
        }
        if (log2 != R4_PAGE_BITS && log2 != R4_LARGE_BITS) {
            REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_FRAME, log2, 1, 0, target));
        }
        if (log2 != 0 && log2 != R4_PAGE_BITS) {
            REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_CAP_PAGE, log2, 1, 0, target));
            REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_PAGE_TABLE, log2, 1, 0, target));
        }
    }
    REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_PD, R4_PD_LOG2 - 1, 1, 0, target));
    REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_THREAD, R4_THREAD_LOG2 + 1, 1, 0, target));
    REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_NOTIFICATION, R4_NOTIFICATION_LOG2 + 1, 1, 0, target));
    ALLOWED(retype(untyped, R4_CAP_PD, R4_PD_LOG2, 1, 0, target));
}

static void counts(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slots(R4_RETYPE_MAX);
    REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_NOTIFICATION, 0, 0, 0, target));
    REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_NOTIFICATION, 0, R4_RETYPE_MAX + 1, 0, target));
    REFUSED(R4_ERR_ARGUMENT, retype(untyped, R4_CAP_NOTIFICATION, 0, UINT16_MAX, 0, target));
    ALLOWED(retype(untyped, R4_CAP_NOTIFICATION, 0, R4_RETYPE_MAX, 0, target));
    for (uint32_t i = 0; i < R4_RETYPE_MAX; i++) { /* one after the other */
        CHECK(r4_type(target + i) == R4_CAP_NOTIFICATION);
        CHECK(r4_object(target + i) - r4_object(target) == (uint64_t)i << R4_NOTIFICATION_LOG2);
    }
}

static void alignment(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slot();
    REFUSED(R4_ERR_ALIGNMENT, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 32, target));
    REFUSED(R4_ERR_ALIGNMENT, retype(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1, 64, target));
    REFUSED(R4_ERR_ALIGNMENT, retype(untyped, R4_CAP_PD, 0, 1, R4_PAGE_SIZE, target));
    REFUSED(R4_ERR_ALIGNMENT, retype(untyped, R4_CAP_UNTYPED, 15, 1, 1U << 14, target));
    ALLOWED(retype(untyped, R4_CAP_UNTYPED, 15, 1, 1U << 15, target));
}

static void watermark(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slots(2);
    ALLOWED(retype(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1, 2 * R4_PAGE_SIZE, target));
    CHECK(r4_watermark(untyped) == 3 * R4_PAGE_SIZE);
    REFUSED(R4_ERR_WATERMARK, retype(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1, 2 * R4_PAGE_SIZE, target + 1));
    REFUSED(R4_ERR_WATERMARK,
            retype(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, target + 1)); /* although the memory is unused */
    REFUSED(R4_ERR_WATERMARK, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 3 * R4_PAGE_SIZE - 64, target + 1));
    ALLOWED(retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 3 * R4_PAGE_SIZE, target + 1));
}

static void room(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slots(16);
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, SIZE, target));
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 1ULL << 63, target));
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 0 - 64ULL, target));
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_UNTYPED, UNTYPED_LOG2 + 1, 1, 0, target));
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_UNTYPED, 45, 1, 0, target));
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_UNTYPED, 15, 3, 0, target));
    REFUSED(R4_ERR_SPACE, retype(untyped, R4_CAP_NOTIFICATION, 0, 2, SIZE - 64, target));
    ALLOWED(retype(untyped, R4_CAP_NOTIFICATION, 0, 1, SIZE - 64, target));
    CHECK(r4_watermark(untyped) == SIZE);
}

static void destinations(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t target = empty_slots(4);
    uint32_t last = (target | (R4_SLOTS_PER_PAGE - 1)); /* the last slot of its page */
    REFUSED(R4_ERR_ADDRESS, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 0, 0));
    REFUSED(R4_ERR_ADDRESS, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 0, proxy_index(0)));
    REFUSED(R4_ERR_ADDRESS, retype(untyped, R4_CAP_NOTIFICATION, 0, 2, 0, last));
    REFUSED(R4_ERR_ADDRESS, retype(untyped, R4_CAP_NOTIFICATION, 0, 12, 0, last - 10));
    ALLOWED(retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 0, target + 2));
    REFUSED(R4_ERR_OCCUPIED, retype(untyped, R4_CAP_NOTIFICATION, 0, 4, 64, target)); /* the third is full */
    REFUSED(R4_ERR_OCCUPIED, retype(untyped, R4_CAP_NOTIFICATION, 0, 1, 64, untyped));
    CHECK(is_empty(target) && is_empty(target + 1) && is_empty(target + 3));
    ALLOWED(retype(untyped, R4_CAP_NOTIFICATION, 0, 2, 64, target));
}

/* What each type looks like once it is made. */
static void made_objects(void) {
    const enum r4_cap_type types[] = {R4_CAP_UNTYPED, R4_CAP_FRAME,  R4_CAP_CAP_PAGE,    R4_CAP_PAGE_TABLE,
                                      R4_CAP_PD,      R4_CAP_THREAD, R4_CAP_NOTIFICATION};
    const uint32_t sizes_log2[] = {UNTYPED_LOG2, R4_PAGE_BITS,   R4_PAGE_BITS,        R4_PAGE_BITS,
                                   R4_PD_LOG2,   R4_THREAD_LOG2, R4_NOTIFICATION_LOG2};
    for (uint32_t i = 0; i < R4_COUNT(types); i++) {
        uint32_t slot = make(types[i]);
        CHECK(r4_type(slot) == types[i] && r4_size_log2(slot) == sizes_log2[i]);
        CHECK(r4_rights(slot) == R4_ALL_RIGHTS && r4_ttl(slot) == R4_TTL_MAX && r4_badge(slot) == 0);
        CHECK(r4_flags(slot) == R4_FLAG_ORIGINAL);
        CHECK(r4_depth(slot) == r4_depth(test_arena()) + 1);
    }
}

static void frames_are_zero(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t frame = empty_slot();
    volatile uint64_t *words = (volatile uint64_t *)PLACE;
    for (uint32_t round = 0; round < 2; round++) {
        ALLOWED(retype(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, frame));
        space_map(frame, PLACE, R4_READ | R4_WRITE);
        for (uint32_t i = 0; i < R4_PAGE_SIZE / sizeof(uint64_t); i++) {
            CHECK(words[i] == 0);
            words[i] = ~0ULL;
        }
        ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
        CHECK(is_empty(frame));
    }
}

static void large_frame(void) {
    uint32_t frame = create_sized(R4_CAP_FRAME, R4_LARGE_BITS);
    uint64_t address = PLACE + R4_LARGE_SIZE;
    CHECK(is_aligned(r4_object(frame), R4_LARGE_SIZE));
    space_map(frame, address, R4_READ | R4_WRITE);
    CHECK(*(volatile uint64_t *)address == 0 && *(volatile uint64_t *)(address + R4_LARGE_SIZE - 8) == 0);
    *(volatile uint64_t *)(address + R4_LARGE_SIZE - 8) = 1;
    CHECK(*(volatile uint64_t *)(address + R4_LARGE_SIZE - 8) == 1);
}

static void nested(void) {
    uint32_t outer = make(R4_CAP_UNTYPED);
    uint32_t inner = empty_slot();
    uint32_t object = empty_slot();
    ALLOWED(retype(outer, R4_CAP_UNTYPED, 14, 1, 1U << 14, inner));
    CHECK(r4_depth(inner) == r4_depth(outer) + 1 && r4_ttl(inner) == r4_ttl(outer));
    ALLOWED(retype(inner, R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, object));
    uint64_t begin = r4_object(outer);
    CHECK(r4_object(object) == begin + (1U << 14));
    ALLOWED(r4_cap_revoke(r4_own(outer)).error);
    CHECK(is_empty(inner) && is_empty(object));
}

static void smallest(void) {
    uint32_t outer = create_sized(R4_CAP_UNTYPED, 7);
    uint32_t inner = empty_slots(2);
    uint32_t object = empty_slot();
    ALLOWED(retype(outer, R4_CAP_UNTYPED, 6, 2, 0, inner));
    REFUSED(R4_ERR_SPACE, retype(inner, R4_CAP_UNTYPED, 7, 1, 0, object));
    ALLOWED(retype(inner + 1, R4_CAP_NOTIFICATION, 0, 1, 0, object));
    REFUSED(R4_ERR_WATERMARK, retype(inner + 1, R4_CAP_NOTIFICATION, 0, 1, 0, empty_slot()));
}

static const struct test tests[] = {
    {"types that retype does not make", unmade_types, 1},
    {"sizes that a type does not have", sizes, 1},
    {"counts: none, too many, 64 at once in a row", counts, 1},
    {"offsets are aligned to the object's size", alignment, 1},
    {"offsets are not below the watermark", watermark, 1},
    {"there has to be room", room, 1},
    {"destinations: empty slots of one page", destinations, 1},
    {"what has been made: rights, TTL, depth, size, flags", made_objects, 1},
    {"frames are zeroed, in used memory too", frames_are_zero, 1},
    {"a frame of 2 MiB", large_frame, 1},
    {"untyped memory out of untyped memory", nested, 1},
    {"the smallest there is", smallest, 1},
};

const struct theme theme_untyped = {"untyped", tests, R4_COUNT(tests), 1};
