/* SPDX-License-Identifier: MIT
 *
 * The order of checks (docs/abi.md, "What every call can be refused with"): each case begins with a call that is wrong
 * in every way and mends one mistake after the other. What is refused first is what docs/abi.md lists first.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/page_table.h"
#include "lib/peer.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "suite/themes.h"

#define NO_TABLE 0x6000000000ULL
#define FAR      0x18000000000ULL /* nothing is mapped in its 512 GiB */
#define BAD_PAGE 0xffffffffU

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

static enum r4_error map(uint32_t frame, r4_cap_t pd, uint64_t address, uint32_t rights) {
    return r4_frame_map(r4_own(frame), pd, address, rights);
}

static void frame_map(void) {
    uint32_t nameless = make(R4_CAP_PD);
    uint32_t reader = copy_with(make(R4_CAP_FRAME), R4_READ);
    uint32_t other = make(R4_CAP_FRAME);
    ALLOWED(map(reader, own_pd(), PLACE, R4_READ));
    ALLOWED(map(other, own_pd(), PLACE + R4_PAGE_SIZE, R4_READ));
    REFUSED(R4_ERR_EMPTY, map(reader, r4_own(empty_slot()), R4_USER_END + 8, R4_SEND));
    REFUSED(R4_ERR_NO_ASID, map(reader, r4_own(nameless), R4_USER_END + 8, R4_SEND));
    REFUSED(R4_ERR_MAPPED, map(reader, own_pd(), R4_USER_END + 8, R4_SEND));
    ALLOWED(r4_frame_unmap(r4_own(reader)));
    test_changed();
    REFUSED(R4_ERR_ARGUMENT, map(reader, own_pd(), R4_USER_END + 8, R4_SEND));
    REFUSED(R4_ERR_RIGHTS, map(reader, own_pd(), R4_USER_END + 8, R4_READ | R4_WRITE));
    REFUSED(R4_ERR_ALIGNMENT, map(reader, own_pd(), R4_USER_END + 8, R4_READ));
    REFUSED(R4_ERR_RANGE, map(reader, own_pd(), R4_USER_END, R4_READ));
    REFUSED(R4_ERR_NO_TABLE, map(reader, own_pd(), NO_TABLE, R4_READ));
    REFUSED(R4_ERR_ENTRY, map(reader, own_pd(), PLACE + R4_PAGE_SIZE, R4_READ));
    ALLOWED(map(reader, own_pd(), PLACE, R4_READ));
}

static void frame_map_proxies(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t copy = copy_with(frame, R4_EXEC);
    uint32_t nameless = make(R4_CAP_PD);
    ALLOWED(map(frame, own_pd(), PLACE, R4_READ));
    REFUSED(R4_ERR_EMPTY, r4_frame_map_proxies(r4_own(copy), r4_own(empty_slot()), BAD_PAGE));
    REFUSED(R4_ERR_NO_ASID, r4_frame_map_proxies(r4_own(copy), r4_own(nameless), BAD_PAGE));
    REFUSED(R4_ERR_MAPPED, r4_frame_map_proxies(r4_own(frame), own_pd(), BAD_PAGE));
    REFUSED(R4_ERR_PROXY_PAGE, r4_frame_map_proxies(r4_own(copy), own_pd(), BAD_PAGE));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_cap_delete(r4_own(copy)));
    test_changed();
    REFUSED(R4_ERR_RANGE, r4_frame_map_proxies(r4_own(frame), own_pd(), BAD_PAGE));
    REFUSED(R4_ERR_ENTRY, r4_frame_map_proxies(r4_own(frame), own_pd(), 1));
}

static void frame_protect(void) {
    uint32_t reader = copy_with(make(R4_CAP_FRAME), R4_READ);
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_protect(r4_own(reader), R4_SEND));
    ALLOWED(map(reader, own_pd(), PLACE, R4_READ));
    test_changed();
    REFUSED(R4_ERR_ARGUMENT, r4_frame_protect(r4_own(reader), R4_WRITE));
    REFUSED(R4_ERR_RIGHTS, r4_frame_protect(r4_own(reader), R4_READ | R4_WRITE));
    ALLOWED(r4_frame_protect(r4_own(reader), R4_READ));
}

static void page_table_map(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    uint32_t nameless = make(R4_CAP_PD);
    uint32_t other = make(R4_CAP_PAGE_TABLE);
    ALLOWED(r4_table_map(r4_own(table), own_pd(), FAR, 3));
    REFUSED(R4_ERR_EMPTY, r4_table_map(r4_own(table), r4_own(empty_slot()), R4_USER_END, 9));
    REFUSED(R4_ERR_NO_ASID, r4_table_map(r4_own(table), r4_own(nameless), R4_USER_END, 9));
    REFUSED(R4_ERR_MAPPED, r4_table_map(r4_own(table), own_pd(), R4_USER_END, 9));
    REFUSED(R4_ERR_ARGUMENT, r4_table_map(r4_own(other), own_pd(), R4_USER_END, 9));
    REFUSED(R4_ERR_RANGE, r4_table_map(r4_own(other), own_pd(), R4_USER_END, 1));
    REFUSED(R4_ERR_NO_TABLE, r4_table_map(r4_own(other), own_pd(), FAR, 1));
    REFUSED(R4_ERR_ENTRY, r4_table_map(r4_own(other), own_pd(), FAR, 3));
    ALLOWED(r4_table_map(r4_own(other), own_pd(), FAR, 2));
}

static void thread_configure(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    uint32_t nameless = make(R4_CAP_PD);
    r4_cap_t own = r4_own(r4_info()->slot_thread);
    REFUSED(R4_ERR_EMPTY, r4_syscall(own, R4_OP_THREAD_CONFIGURE, r4_own(empty_slot()), R4_USER_END, 0, 0).error);
    REFUSED(R4_ERR_NO_ASID, r4_syscall(own, R4_OP_THREAD_CONFIGURE, r4_own(nameless), R4_USER_END, 0, 0).error);
    REFUSED(R4_ERR_RUNNING, r4_syscall(own, R4_OP_THREAD_CONFIGURE, own_pd(), R4_USER_END, 0, 0).error);
    REFUSED(R4_ERR_RANGE, r4_syscall(r4_own(thread), R4_OP_THREAD_CONFIGURE, own_pd(), R4_USER_END, 0, 0).error);
}

static void copy(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t weak = copy_with(frame, R4_READ);
    uint32_t untyped = make(R4_CAP_UNTYPED);
    REFUSED(R4_ERR_ADDRESS, r4_cap_mint(r4_own(untyped), 0, R4_ALL_RIGHTS, R4_TTL_MAX, 1));
    REFUSED(R4_ERR_OCCUPIED, r4_cap_mint(r4_own(untyped), frame, R4_ALL_RIGHTS, R4_TTL_MAX, 1));
    REFUSED(R4_ERR_TYPE, r4_cap_mint(r4_own(untyped), empty_slot(), R4_ALL_RIGHTS, R4_TTL_MAX, 1));
    REFUSED(R4_ERR_TTL, r4_cap_mint(r4_own(weak), empty_slot(), R4_ALL_RIGHTS, R4_TTL_MAX, 1));
    REFUSED(R4_ERR_RIGHTS, r4_cap_mint(r4_own(weak), empty_slot(), R4_ALL_RIGHTS, 0, 1));
    REFUSED(R4_ERR_BADGE, r4_cap_mint(r4_own(weak), empty_slot(), R4_READ, 0, 1));
}

/* The one operation whose values come first: they say how many slots are named. */
static void retype(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t full = make(R4_CAP_FRAME);
    struct r4_objects objects = {.type = R4_CAP_PEER, .count = 1, .offset = 1ULL << UNTYPED_LOG2 | 8, .target = full};
    uint32_t first = empty_slot();
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, first}));
    test_changed();
    REFUSED(R4_ERR_ARGUMENT, r4_untyped_retype(r4_own(untyped), objects));
    objects.type = R4_CAP_FRAME;
    objects.size_log2 = R4_PAGE_BITS;
    REFUSED(R4_ERR_ALIGNMENT, r4_untyped_retype(r4_own(untyped), objects));
    objects.offset = 0;
    REFUSED(R4_ERR_WATERMARK, r4_untyped_retype(r4_own(untyped), objects));
    objects.offset = 1ULL << UNTYPED_LOG2;
    REFUSED(R4_ERR_SPACE, r4_untyped_retype(r4_own(untyped), objects));
    objects.offset = R4_PAGE_SIZE;
    REFUSED(R4_ERR_OCCUPIED, r4_untyped_retype(r4_own(untyped), objects));
}

/* What is the same for all operations: of the invoked capability and of one that an argument names. */
static void named(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t weak = copy_with(make(R4_CAP_PD), R4_ALL_RIGHTS & ~R4_CONTROL);
    r4_cap_t foreign = r4_cap_cluster_set(r4_own(empty_slot()), r4_info()->cluster ^ 1);
    REFUSED(R4_ERR_OPERATION, r4_syscall(r4_own(empty_slot()), R4_OP_COUNT, 0, 0, 0, 0).error);
    REFUSED(R4_ERR_FOREIGN_CLUSTER, r4_untyped_retype(foreign, (struct r4_objects){.count = 1}));
    REFUSED(R4_ERR_EMPTY, r4_untyped_retype(r4_own(empty_slot()), (struct r4_objects){.count = 1}));
    REFUSED(R4_ERR_TYPE, r4_table_unmap(r4_own(weak)));
    REFUSED(R4_ERR_TYPE, map(frame, r4_own(frame), PLACE, 0));
    REFUSED(R4_ERR_RIGHTS, map(frame, r4_own(weak), PLACE, 0));
}

static const struct test tests[] = {
    {"of a named capability", named, 1},
    {"copy", copy, 1},
    {"retype", retype, 1},
    {"map a frame", frame_map, 1},
    {"map a proxy page", frame_map_proxies, 1},
    {"protect a frame", frame_protect, 1},
    {"map a page table", page_table_map, 1},
    {"configure a thread", thread_configure, 1},
};

const struct theme theme_order = {"order", tests, R4_COUNT(tests), 1};
