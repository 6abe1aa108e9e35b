/* SPDX-License-Identifier: MIT
 *
 * Copy and mint.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/frame.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define NO_PAGE 250U

static enum r4_error copy_to(uint64_t target) {
    return r4_syscall(r4_own(r4_info()->slot_debug), R4_OP_CAP_COPY, target, R4_ALL_RIGHTS, 0, 0).error;
}

static void destination_must_be_a_slot(void) {
    uint32_t slot = empty_slot();
    REFUSED(R4_ERR_ADDRESS, copy_to(R4_SLOTS_PER_PAGE)); /* a header */
    REFUSED(R4_ERR_ADDRESS, copy_to(NO_PAGE * R4_SLOTS_PER_PAGE + 1));
    REFUSED(R4_ERR_ADDRESS, copy_to(proxy_index(0)));
    REFUSED(R4_ERR_ADDRESS, copy_to(slot | 1ULL << 26)); /* more than an index */
    REFUSED(R4_ERR_ADDRESS, copy_to(slot | 1ULL << 32));
    ALLOWED(copy_to(slot));
    ALLOWED(r4_cap_delete(r4_own(slot)));
}

static void destination_must_be_empty(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t full = make(R4_CAP_NOTIFICATION);
    REFUSED(R4_ERR_OCCUPIED, r4_cap_copy(r4_own(slot), full, R4_ALL_RIGHTS, 0));
    REFUSED(R4_ERR_OCCUPIED, r4_cap_copy(r4_own(slot), slot, R4_ALL_RIGHTS, 0));
    ALLOWED(r4_cap_delete(r4_own(full)));
    ALLOWED(r4_cap_copy(r4_own(slot), full, R4_ALL_RIGHTS, 0));
}

static void some_types_have_one_capability(void) {
    const enum r4_cap_type types[] = {R4_CAP_UNTYPED, R4_CAP_PAGE_TABLE, R4_CAP_CAP_PAGE};
    uint32_t target = empty_slot();
    for (uint32_t i = 0; i < R4_COUNT(types); i++) {
        REFUSED(R4_ERR_TYPE, r4_cap_copy(r4_own(make(types[i])), target, R4_ALL_RIGHTS, 0));
    }
}

static void others_can_be_copied(void) {
    const enum r4_cap_type types[] = {R4_CAP_FRAME, R4_CAP_PD, R4_CAP_THREAD, R4_CAP_NOTIFICATION};
    for (uint32_t i = 0; i < R4_COUNT(types); i++) {
        uint32_t slot = make(types[i]);
        uint32_t copy = copy_of(slot);
        CHECK(r4_type(copy) == types[i] && r4_size_log2(copy) == r4_size_log2(slot));
        CHECK(r4_badge(copy) == 0);
    }
}

static void ttl_must_fall(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = empty_slot();
    REFUSED(R4_ERR_TTL, r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, R4_TTL_MAX));
    REFUSED(R4_ERR_TTL, r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, R4_TTL_MAX + 1));
    REFUSED(R4_ERR_TTL, r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, UINT16_MAX));
    ALLOWED(r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, 3));
    CHECK(r4_ttl(copy) == 3);
}

static void ttl_runs_out(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t over = empty_slot();
    for (uint32_t ttl = R4_TTL_MAX; ttl-- > 0;) {
        slot = copy_of(slot);
        CHECK(r4_ttl(slot) == ttl);
    }
    REFUSED(R4_ERR_TTL, r4_cap_copy(r4_own(slot), over, R4_ALL_RIGHTS, 0));
    ALLOWED(r4_cap_inspect(r4_own(slot)).error);
}

/* A copy with a TTL of 0. */
static uint32_t last_copy_of(uint32_t slot) {
    uint32_t copy = empty_slot();
    must(r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, 0), "copying");
    return copy;
}

static void ttl_0_is_used(void) {
    uint32_t pd = last_copy_of(make(R4_CAP_PD));
    uint32_t frame = last_copy_of(make(R4_CAP_FRAME));
    uint32_t thread = last_copy_of(make(R4_CAP_THREAD));
    uint32_t pool = last_copy_of(r4_info()->slot_asid_pools + 1);
    uint32_t to = empty_slot();
    struct r4_proxy_content content = content_for(frame);
    content.ttl = 0;
    REFUSED(R4_ERR_TTL, r4_cap_inspect(put(0, content)).error); /* nor can it be a proxy's target */
    ALLOWED(r4_asid_assign(r4_own(pool), r4_own(pd)).error);
    ALLOWED(r4_thread_configure(r4_own(thread), r4_own(pd), NULL, PLACE, 0));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, 1));
    space_map(frame, PLACE, R4_READ);
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_cap_move(r4_own(frame), to));
    CHECK(r4_ttl(to) == 0);
    ALLOWED(r4_cap_delete(r4_own(pool)));
}

static void rights_must_be_a_subset(void) {
    uint32_t slot = copy_with(make(R4_CAP_NOTIFICATION), R4_SEND | R4_DEFER);
    uint32_t copy = empty_slot();
    for (uint32_t right = 1; right <= UINT16_MAX; right <<= 1) { /* also bits that are no rights */
        if ((right & (R4_SEND | R4_DEFER)) == 0) {
            REFUSED(R4_ERR_RIGHTS, r4_cap_copy(r4_own(slot), copy, R4_SEND | right, 0));
        }
    }
    ALLOWED(r4_cap_copy(r4_own(slot), copy, R4_SEND, 0));
    CHECK(r4_rights(copy) == R4_SEND);
}

static void copy_without_rights(void) {
    uint32_t copy = copy_with(make(R4_CAP_FRAME), 0);
    CHECK(r4_type(copy) == R4_CAP_FRAME && r4_rights(copy) == 0);
    ALLOWED(r4_cap_inspect(r4_own(copy)).error);
    REFUSED(R4_ERR_RIGHTS, r4_frame_map(r4_own(copy), r4_own(r4_info()->slot_pd), PLACE, R4_READ));
}

static void copy_is_a_child(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(slot)).value) == 0);
    uint32_t copy = copy_of(slot);
    CHECK(r4_depth(copy) == r4_depth(slot) + 1);
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(slot)).value) == 1);
    CHECK((r4_flags(copy) & R4_FLAG_ORIGINAL) == 0);
}

static void each_filling_has_its_version(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = empty_slot();
    uint32_t version = r4_version(copy);
    for (uint32_t i = 1; i <= 3; i++) {
        ALLOWED(r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS, 0));
        CHECK(r4_version(copy) == version + i);
        ALLOWED(r4_cap_delete(r4_own(copy)));
        CHECK(r4_version(copy) == version + i);
    }
}

static void mapping_is_not_copied(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    space_map(frame, PLACE, R4_READ);
    uint32_t copy = copy_of(frame);
    CHECK(r4_mapped_in(frame) == r4_info()->name && r4_mapped_at(frame) == PLACE);
    CHECK(r4_mapped_in(copy) == 0 && r4_mapped_at(copy) == 0);
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(r4_own(copy)));
}

static void badge_is_not_zero(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = empty_slot();
    REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_own(slot), copy, R4_ALL_RIGHTS, 0, 0));
    ALLOWED(r4_cap_mint(r4_own(slot), copy, R4_ALL_RIGHTS, 0, UINT64_MAX));
    CHECK(r4_badge(copy) == UINT64_MAX && r4_badge(slot) == 0);
}

static void badge_is_for_notifications(void) {
    const enum r4_cap_type types[] = {R4_CAP_FRAME, R4_CAP_PD, R4_CAP_THREAD};
    uint32_t copy = empty_slot();
    for (uint32_t i = 0; i < R4_COUNT(types); i++) {
        REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_own(make(types[i])), copy, R4_ALL_RIGHTS, 0, 1));
    }
    REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_debug(), copy, R4_ALL_RIGHTS, 0, 1));
    REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_asid_pool(1), copy, R4_ALL_RIGHTS, 0, 1));
}

static void badge_stays(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t minted = empty_slot();
    uint32_t copy = empty_slot();
    ALLOWED(r4_cap_mint(r4_own(slot), minted, R4_ALL_RIGHTS, 5, 42));
    REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_own(minted), copy, R4_ALL_RIGHTS, 4, 43));
    REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_own(minted), copy, R4_ALL_RIGHTS, 4, 42));
    ALLOWED(r4_cap_copy(r4_own(minted), copy, R4_ALL_RIGHTS, 4));
    CHECK(r4_badge(copy) == 42);
}

static void pool_keeps_its_number(void) {
    uint32_t slot = r4_info()->slot_asid_pools + 2;
    uint32_t copy = copy_with(slot, R4_CONTROL);
    CHECK(r4_type(copy) == R4_CAP_ASID_POOL && r4_badge(copy) == r4_badge(slot));
    ALLOWED(r4_cap_delete(r4_own(copy)));
}

static const struct test tests[] = {
    {"the destination has to be a slot of a cap page of the caller's window", destination_must_be_a_slot, 1},
    {"the destination has to be empty", destination_must_be_empty, 1},
    {"untyped memory, page tables, cap pages are not copied", some_types_have_one_capability, 1},
    {"frames, domains, threads, notifications are copied", others_can_be_copied, 1},
    {"the TTL has to fall", ttl_must_fall, 1},
    {"a TTL of 0 can be used and not copied", ttl_runs_out, 1},
    {"with a TTL of 0 everything else is possible", ttl_0_is_used, 1},
    {"rights have to be a subset of the source's", rights_must_be_a_subset, 1},
    {"a copy without any right", copy_without_rights, 1},
    {"a copy is a child of its source", copy_is_a_child, 1},
    {"each filling of a slot has a version of its own", each_filling_has_its_version, 1},
    {"a frame's copy is not mapped", mapping_is_not_copied, 1},
    {"a badge of 0 cannot be minted", badge_is_not_zero, 1},
    {"only notifications take a badge", badge_is_for_notifications, 1},
    {"a badge cannot be changed", badge_stays, 1},
    {"a copy of an AsidPool has the same asids", pool_keeps_its_number, 1},
};

const struct theme theme_copy = {"copy", tests, R4_COUNT(tests), 1};
