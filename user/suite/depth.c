/* SPDX-License-Identifier: MIT
 *
 * The deepest derivation.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define OBJECT_DEPTH (R4_DEPTH_MAX - 1U) /* the deepest of what retype makes: references to it are one deeper */

/* Untyped memory in untyped memory, all of them the same bytes, until the last one has that depth. Returns its slot. */
static uint32_t nest(uint32_t depth) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    while (r4_depth(untyped) < depth) {
        uint32_t inner = empty_slot();
        struct r4_objects objects = {R4_CAP_UNTYPED, UNTYPED_LOG2, 1, 0, inner};
        ALLOWED(r4_untyped_retype(r4_own(untyped), objects));
        if (is_empty(inner)) {
            break;
        }
        untyped = inner;
    }
    return untyped;
}

/* An object at the greatest depth; returns its slot. */
static uint32_t deep_object(enum r4_cap_type type) {
    uint32_t untyped = nest(OBJECT_DEPTH - 1);
    uint32_t slot = empty_slot();
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){type, 0, 1, 0, slot}));
    CHECK(r4_depth(slot) == OBJECT_DEPTH);
    return slot;
}

static void retype(void) {
    uint32_t untyped = nest(OBJECT_DEPTH);
    const enum r4_cap_type types[] = {R4_CAP_UNTYPED, R4_CAP_NOTIFICATION, R4_CAP_THREAD};
    const uint32_t sizes_log2[] = {R4_PAGE_BITS, 0, 0};
    uint32_t target = empty_slot();
    CHECK(r4_depth(untyped) == OBJECT_DEPTH);
    for (uint32_t i = 0; i < R4_COUNT(types); i++) {
        struct r4_objects objects = {types[i], sizes_log2[i], 1, 0, target};
        REFUSED(R4_ERR_DEPTH, r4_untyped_retype(r4_own(untyped), objects));
    }
    ALLOWED(r4_cap_inspect(r4_own(untyped)).error);
}

static void copy_and_link(void) {
    uint32_t slot = deep_object(R4_CAP_NOTIFICATION);
    uint32_t copy = empty_slot();
    uint32_t over = empty_slot();
    ALLOWED(r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, 9));
    CHECK(r4_depth(copy) == R4_DEPTH_MAX);
    REFUSED(R4_ERR_DEPTH, r4_cap_copy(r4_own(copy), over, R4_ALL_RIGHTS, 8));
    REFUSED(R4_ERR_DEPTH, r4_cap_link(put_for(0, copy), over));
    ALLOWED(r4_cap_inspect(r4_own(proxy_index(0))).error); /* a proxy is no derivation */
    ALLOWED(r4_cap_copy(r4_own(slot), over, R4_ALL_RIGHTS, 9));
    ALLOWED(r4_cap_delete(r4_own(over)));
    ALLOWED(r4_cap_link(put_for(0, slot), over));
}

static void configure(void) {
    uint32_t pd = deep_object(R4_CAP_PD);
    uint32_t copy = copy_of(pd);
    uint32_t thread = make(R4_CAP_THREAD);
    ALLOWED(r4_asid_assign(r4_asid_pool(1), r4_own(copy)).error);
    REFUSED(R4_ERR_DEPTH, r4_thread_configure(r4_own(thread), r4_own(copy), NULL, PLACE, 0));
    ALLOWED(r4_thread_configure(r4_own(thread), r4_own(pd), NULL, PLACE,
                                0)); /* the thread's reference has the greatest depth */
}

static void revoke_from_the_top(void) {
    uint32_t top = empty_slot();
    uint32_t inner = empty_slot();
    struct r4_objects objects = {R4_CAP_UNTYPED, UNTYPED_LOG2, 1, r4_watermark(test_arena()), top};
    ALLOWED(r4_untyped_retype(r4_own(test_arena()), objects));
    uint32_t first = inner;
    for (uint32_t untyped = top; r4_depth(untyped) < OBJECT_DEPTH; untyped = inner) {
        inner = untyped == top ? first : empty_slot();
        struct r4_objects next = {R4_CAP_UNTYPED, UNTYPED_LOG2, 1, 0, inner};
        ALLOWED(r4_untyped_retype(r4_own(untyped), next));
    }
    ALLOWED(r4_cap_revoke(r4_own(top)).error);
    CHECK(is_empty(first) && is_empty(inner) && r4_watermark(top) == 0);
}

static const struct test tests[] = {
    {"retype: not below depth 62", retype, 1},
    {"copy and link: not below depth 63", copy_and_link, 1},
    {"configure: a reference has a depth, too", configure, 1},
    {"revoke from the top", revoke_from_the_top, 1},
};

const struct theme theme_depth = {"depth", tests, R4_COUNT(tests), 1};
