/* SPDX-License-Identifier: MIT
 *
 * Map, protect, unmap of frames.
 */
#include "lib/frame.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/domain.h"
#include "lib/page_table.h"
#include "lib/space.h"
#include "lib/window.h"
#include "suite/second_domain.h"
#include "suite/themes.h"

#define NO_TABLE 0x6000000000ULL

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

static enum r4_error map(uint32_t frame, uint64_t address, uint32_t rights) {
    return r4_frame_map(r4_own(frame), own_pd(), address, rights);
}

static volatile uint64_t *word_at(uint64_t address) { return (volatile uint64_t *)(uintptr_t)address; }

static void map_space(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t pd = make(R4_CAP_PD);
    r4_cap_t foreign = r4_cap_cluster_set(own_pd(), r4_info()->cluster ^ 1);
    REFUSED(R4_ERR_EMPTY, r4_frame_map(r4_own(frame), r4_own(empty_slot()), PLACE, R4_READ));
    REFUSED(R4_ERR_TYPE, r4_frame_map(r4_own(frame), r4_own(frame), PLACE, R4_READ));
    REFUSED(R4_ERR_ADDRESS, r4_frame_map(r4_own(frame), r4_own(0), PLACE, R4_READ));
    REFUSED(R4_ERR_FOREIGN_CLUSTER, r4_frame_map(r4_own(frame), foreign, PLACE, R4_READ));
    REFUSED(R4_ERR_ASID, r4_frame_map(r4_own(frame), r4_in(second_domain_name(), 1), PLACE, R4_READ));
    REFUSED(R4_ERR_NO_ASID, r4_frame_map(r4_own(frame), r4_own(pd), PLACE, R4_READ));
    uint32_t weak = copy_with(pd, R4_ALL_RIGHTS & ~R4_CONTROL);
    REFUSED(R4_ERR_RIGHTS, r4_frame_map(r4_own(frame), r4_own(weak), PLACE, R4_READ));
    ALLOWED(map(frame, PLACE, R4_READ));
}

static void map_rights(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t reader = copy_with(frame, R4_READ);
    uint32_t none = copy_with(frame, R4_WRITE | R4_EXEC);
    REFUSED(R4_ERR_ARGUMENT, map(frame, PLACE, 0));
    REFUSED(R4_ERR_ARGUMENT, map(frame, PLACE, R4_WRITE));
    REFUSED(R4_ERR_ARGUMENT, map(frame, PLACE, R4_WRITE | R4_EXEC));
    REFUSED(R4_ERR_ARGUMENT, map(frame, PLACE, R4_READ | R4_SEND));
    REFUSED(R4_ERR_RIGHTS, map(reader, PLACE, R4_READ | R4_WRITE));
    REFUSED(R4_ERR_RIGHTS, map(reader, PLACE, R4_READ | R4_EXEC));
    REFUSED(R4_ERR_RIGHTS, map(none, PLACE, R4_READ));
    ALLOWED(map(reader, PLACE, R4_READ));
    CHECK(*word_at(PLACE) == 0);
}

static void map_address(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_ALIGNMENT, map(frame, PLACE + 8, R4_READ));
    REFUSED(R4_ERR_RANGE, map(frame, R4_USER_END, R4_READ));
    REFUSED(R4_ERR_RANGE, map(frame, 1ULL << 47, R4_READ));
    REFUSED(R4_ERR_RANGE, map(frame, 0xffff800000000000ULL, R4_READ));
    REFUSED(R4_ERR_RANGE, map(frame, 0 - (uint64_t)R4_PAGE_SIZE, R4_READ));
    REFUSED(R4_ERR_NO_TABLE, map(frame, R4_USER_END - R4_PAGE_SIZE, R4_READ));
    REFUSED(R4_ERR_NO_TABLE, map(frame, NO_TABLE, R4_READ));
    ALLOWED(map(frame, PLACE, R4_READ));
    REFUSED(R4_ERR_ENTRY, map(make(R4_CAP_FRAME), PLACE, R4_READ));
}

static void map_once(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(r4_own(frame)));
    ALLOWED(map(frame, PLACE, R4_READ));
    REFUSED(R4_ERR_MAPPED, map(frame, PLACE + R4_PAGE_SIZE, R4_READ));
    REFUSED(R4_ERR_MAPPED, map(frame, PLACE, R4_READ));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    CHECK(r4_mapped_in(frame) == 0);
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(r4_own(frame)));
    ALLOWED(map(frame, PLACE + R4_PAGE_SIZE, R4_READ));
}

static void map_large(void) {
    uint32_t frame = create_sized(R4_CAP_FRAME, R4_LARGE_BITS);
    REFUSED(R4_ERR_ALIGNMENT, map(frame, PLACE + R4_LARGE_SIZE + R4_PAGE_SIZE, R4_READ));
    REFUSED(R4_ERR_RANGE, map(frame, R4_WINDOW_BASE, R4_READ)); /* the window is made of small pages */
    REFUSED(R4_ERR_RANGE, map(frame, R4_WINDOW_BASE + R4_WINDOW_SIZE - R4_LARGE_SIZE, R4_READ));
    REFUSED(R4_ERR_RANGE, map(frame, R4_USER_END + R4_PAGE_SIZE - R4_LARGE_SIZE, R4_READ));
    REFUSED(R4_ERR_NO_TABLE, map(frame, NO_TABLE, R4_READ));
    REFUSED(R4_ERR_ENTRY, map(frame, PLACE, R4_READ)); /* a page table is there */
    ALLOWED(map(frame, PLACE + R4_LARGE_SIZE, R4_READ));
    REFUSED(R4_ERR_NO_TABLE, map(make(R4_CAP_FRAME), PLACE + R4_LARGE_SIZE, R4_READ));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
}

static void memory_stays(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t copy = copy_of(frame);
    ALLOWED(map(frame, PLACE, R4_READ | R4_WRITE));
    ALLOWED(map(copy, PLACE + R4_PAGE_SIZE, R4_READ));
    *word_at(PLACE) = 11;
    CHECK(*word_at(PLACE + R4_PAGE_SIZE) == 11);
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    CHECK(*word_at(PLACE + R4_PAGE_SIZE) == 11); /* each capability has its own mapping */
    ALLOWED(map(frame, PLACE + 2 * R4_PAGE_SIZE, R4_READ));
    CHECK(*word_at(PLACE + 2 * R4_PAGE_SIZE) == 11);
}

static void plain_in_the_window(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t page = PROXIES_PAGE + 1;
    uint64_t address = R4_WINDOW_BASE + (uint64_t)page * R4_PAGE_SIZE;
    ALLOWED(map(frame, address, R4_READ | R4_WRITE));
    for (uint32_t i = 0; i < R4_PAGE_SIZE / sizeof(uint64_t); i++) { /* the same bytes as a page of real capabilities */
        word_at(address)[i] = ((const volatile uint64_t *)r4_slot(0))[i];
    }
    for (uint32_t i = 1; i < R4_SLOTS_PER_PAGE; i++) {
        EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(page * R4_SLOTS_PER_PAGE + i)).error);
    }
}

static void protect(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t reader = copy_with(frame, R4_READ | R4_EXEC);
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_protect(r4_own(frame), R4_READ));
    ALLOWED(map(frame, PLACE, R4_READ));
    ALLOWED(map(reader, PLACE + R4_PAGE_SIZE, R4_READ));
    REFUSED(R4_ERR_ARGUMENT, r4_frame_protect(r4_own(frame), 0));
    REFUSED(R4_ERR_ARGUMENT, r4_frame_protect(r4_own(frame), R4_WRITE));
    REFUSED(R4_ERR_ARGUMENT, r4_frame_protect(r4_own(frame), R4_READ | R4_LINK));
    REFUSED(R4_ERR_RIGHTS, r4_frame_protect(r4_own(reader), R4_READ | R4_WRITE));
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ | R4_WRITE));
    *word_at(PLACE) = 5;
    ALLOWED(r4_frame_protect(r4_own(reader), R4_READ | R4_EXEC));
    CHECK(*word_at(PLACE + R4_PAGE_SIZE) == 5 && r4_mapped_at(frame) == PLACE);
}

static void another_space(void) {
    struct domain domain = domain_create(test_arena(), r4_asid_pool(1));
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_NO_TABLE, r4_frame_map(r4_own(frame), r4_own(domain.pd), PLACE, R4_READ));
    domain_map(&domain, frame, PLACE, R4_READ);
    CHECK(r4_mapped_in(frame) == domain.name && r4_mapped_at(frame) == PLACE);
    REFUSED(R4_ERR_MAPPED, map(frame, PLACE, R4_READ));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(map(frame, PLACE, R4_READ));
}

static void space_dies(void) {
    struct domain domain = domain_create(test_arena(), r4_asid_pool(1));
    uint32_t frame = make(R4_CAP_FRAME);
    domain_map(&domain, frame, PLACE, R4_READ);
    ALLOWED(r4_cap_delete(r4_own(domain.pd)));
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(r4_own(frame))); /* the name in its mapping means no address space now */
    ALLOWED(map(frame, PLACE, R4_READ));
}

static const struct test tests[] = {
    {"map: the address space", map_space, 1},
    {"map: rights", map_rights, 1},
    {"map: addresses", map_address, 1},
    {"map and unmap: one mapping at a time", map_once, 1},
    {"map: 2 MiB, not in the window", map_large, 1},
    {"each capability of a frame has its mapping, all see the same memory", memory_stays, 1},
    {"a plain frame in the window holds no capabilities, whatever its bytes are", plain_in_the_window, 1},
    {"protect", protect, 1},
    {"a mapping in another address space", another_space, 1},
    {"a mapping ends with its address space", space_dies, 1},
};

const struct theme theme_frame = {"frame", tests, R4_COUNT(tests), 1};
