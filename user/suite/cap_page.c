/* SPDX-License-Identifier: MIT
 *
 * Cap pages in and out of windows.
 */
#include "lib/cap_page.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/domain.h"
#include "lib/frame.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define PAGE  (PROXIES_PAGE + 1U) /* of the window: free */
#define INDEX (PAGE * R4_SLOTS_PER_PAGE + 1U)

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

static enum r4_error map_at(uint32_t page, uint64_t window_page) {
    return r4_syscall(r4_own(page), R4_OP_CAP_PAGE_MAP, own_pd(), window_page, 0, 0).error;
}

static void map_space(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t pd = make(R4_CAP_PD);
    REFUSED(R4_ERR_EMPTY, r4_cap_page_map(r4_own(page), r4_own(empty_slot()), PAGE));
    REFUSED(R4_ERR_TYPE, r4_cap_page_map(r4_own(page), r4_own(page), PAGE));
    REFUSED(R4_ERR_NO_ASID, r4_cap_page_map(r4_own(page), r4_own(pd), PAGE));
    REFUSED(R4_ERR_RIGHTS, r4_cap_page_map(r4_own(page), r4_own(copy_with(pd, R4_MODIFY)), PAGE));
    ALLOWED(map_at(page, PAGE));
}

static void map_place(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    REFUSED(R4_ERR_RANGE, map_at(page, R4_WINDOW_SIZE / R4_PAGE_SIZE));
    REFUSED(R4_ERR_RANGE, map_at(page, 1ULL << 52));
    REFUSED(R4_ERR_RANGE, map_at(page, UINT64_MAX));
    REFUSED(R4_ERR_NO_TABLE, map_at(page, R4_WINDOW_SIZE / R4_PAGE_SIZE - 1));
    REFUSED(R4_ERR_ENTRY, map_at(page, 0));
    REFUSED(R4_ERR_ENTRY, map_at(page, PROXIES_PAGE));
    ALLOWED(map_at(page, PAGE));
    REFUSED(R4_ERR_MAPPED, map_at(page, PAGE + 1)); /* one window, one place */
}

static void slots_of_a_page(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    EXPECT(R4_ERR_ADDRESS, r4_cap_copy(r4_own(slot), INDEX, R4_ALL_RIGHTS, 0));
    ALLOWED(map_at(page, PAGE));
    CHECK(r4_type(INDEX - 1) == R4_CAP_HEADER);
    for (uint32_t i = 0; i < R4_SLOTS_PER_PAGE - 1; i++) {
        CHECK(is_empty(INDEX + i));
        ALLOWED(r4_cap_copy(r4_own(slot), INDEX + i, R4_ALL_RIGHTS, 0));
    }
    ALLOWED(r4_cap_revoke(r4_own(slot)).error);
}

static void unmap_and_back(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t to = INDEX + R4_SLOTS_PER_PAGE;
    REFUSED(R4_ERR_NOT_MAPPED, r4_cap_page_unmap(r4_own(page)));
    ALLOWED(map_at(page, PAGE));
    ALLOWED(r4_cap_copy(r4_own(slot), INDEX, R4_SEND, 7));
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    REFUSED(R4_ERR_NOT_MAPPED, r4_cap_page_unmap(r4_own(page)));
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX)).error);
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(slot)).value) == 1); /* the copy is still there */
    ALLOWED(map_at(page, PAGE + 1));
    CHECK(r4_type(to) == R4_CAP_NOTIFICATION && r4_rights(to) == R4_SEND && r4_ttl(to) == 7);
    ALLOWED(r4_cap_delete(r4_own(to)));
}

static void revoked_while_in_no_window(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    ALLOWED(map_at(page, PAGE));
    ALLOWED(r4_cap_copy(r4_own(slot), INDEX, R4_ALL_RIGHTS, 0));
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    ALLOWED(r4_cap_revoke(r4_own(slot)).error);
    ALLOWED(map_at(page, PAGE));
    CHECK(is_empty(INDEX));
}

static void versions_go_on(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    ALLOWED(map_at(page, PAGE));
    for (uint32_t i = 0; i < 5; i++) {
        ALLOWED(r4_cap_copy(r4_own(slot), INDEX, R4_ALL_RIGHTS, 0));
        ALLOWED(r4_cap_delete(r4_own(INDEX)));
    }
    uint32_t version = r4_version(INDEX);
    ALLOWED(r4_cap_delete(r4_own(page)));
    page = make(R4_CAP_CAP_PAGE); /* another page, a new one, at the same place */
    ALLOWED(map_at(page, PAGE));
    CHECK(r4_version(INDEX) >= version && r4_version(INDEX + 1) >= version);
    ALLOWED(r4_cap_copy(r4_own(slot), INDEX, R4_ALL_RIGHTS, 0));
    CHECK(r4_version(INDEX) > version);
}

static void delete_takes_the_content(void) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t root = make(R4_CAP_NOTIFICATION);
    uint32_t child = empty_slot();
    ALLOWED(map_at(page, PAGE));
    ALLOWED(r4_cap_copy(r4_own(root), INDEX, R4_ALL_RIGHTS, 5));
    ALLOWED(r4_cap_copy(r4_own(INDEX), child, R4_ALL_RIGHTS, 4)); /* outside the page, its parent inside */
    ALLOWED(r4_cap_delete(r4_own(page)));
    CHECK(is_empty(child) && !is_empty(root));
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(root)).value) == 0);
}

static void one_window_at_a_time(void) {
    struct domain domain = domain_create(test_arena(), r4_asid_pool(1));
    uint32_t page = domain_add_caps(&domain, 9);
    CHECK(r4_mapped_in(page) == domain.name && r4_mapped_at(page) == R4_WINDOW_BASE + 9 * R4_PAGE_SIZE);
    REFUSED(R4_ERR_MAPPED, map_at(page, PAGE));
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    ALLOWED(map_at(page, PAGE));
    ALLOWED(r4_cap_copy(r4_own(make(R4_CAP_NOTIFICATION)), INDEX, R4_ALL_RIGHTS, 0));
}

static const struct test tests[] = {
    {"map: the address space", map_space, 1},
    {"map: the place", map_place, 1},
    {"127 slots and a header", slots_of_a_page, 1},
    {"unmap: capabilities stay and come back elsewhere", unmap_and_back, 1},
    {"what is in no window can still be revoked", revoked_while_in_no_window, 1},
    {"no version is used twice at a place in the window", versions_go_on, 1},
    {"delete: the content goes too, and what derives from it", delete_takes_the_content, 1},
    {"one window at a time", one_window_at_a_time, 1},
};

const struct theme theme_cap_page = {"cap-page", tests, R4_COUNT(tests), 1};
