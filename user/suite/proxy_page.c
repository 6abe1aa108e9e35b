/* SPDX-License-Identifier: MIT
 *
 * Proxy pages: pages of the window whose kind says that they hold proxies.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/space.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/runner.h"
#include "suite/second_domain.h"
#include "suite/themes.h"

#define PAGE    (PROXIES_PAGE + 1U) /* of the window: free */
#define INDEX   (PAGE * R4_SLOTS_PER_PAGE + 1U)
#define ADDRESS (R4_WINDOW_BASE + (uint64_t)PAGE * R4_PAGE_SIZE)

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

static enum r4_error map_at(uint32_t frame, uint64_t page) {
    return r4_syscall(r4_own(frame), R4_OP_FRAME_MAP_PROXIES, own_pd(), page, 0, 0).error;
}

static enum r4_error inspect(r4_cap_t cap) { return r4_cap_inspect(cap).error; }

/* Writes a proxy for the capability in `slot` to the page; it is mapped and can be written. */
static void write_proxy(uint32_t slot) {
    struct r4_proxy_content content = content_for(slot);
    r4_proxy_write(r4_proxy(INDEX), &content);
}

static void map_space(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t pd = make(R4_CAP_PD);
    REFUSED(R4_ERR_EMPTY, r4_frame_map_proxies(r4_own(frame), r4_own(empty_slot()), PAGE));
    REFUSED(R4_ERR_TYPE, r4_frame_map_proxies(r4_own(frame), r4_own(frame), PAGE));
    REFUSED(R4_ERR_NO_ASID, r4_frame_map_proxies(r4_own(frame), r4_own(pd), PAGE));
    REFUSED(R4_ERR_RIGHTS, r4_frame_map_proxies(r4_own(frame), r4_own(copy_with(pd, R4_MODIFY)), PAGE));
    ALLOWED(r4_asid_assign(r4_asid_pool(1), r4_own(pd)).error);
    REFUSED(R4_ERR_NO_TABLE, r4_frame_map_proxies(r4_own(frame), r4_own(pd), PAGE));
    ALLOWED(map_at(frame, PAGE));
}

static void map_place(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_RANGE, map_at(frame, R4_WINDOW_SIZE / R4_PAGE_SIZE));
    REFUSED(R4_ERR_RANGE, map_at(frame, UINT64_MAX));
    REFUSED(R4_ERR_RANGE, map_at(frame, 1ULL << 52)); /* its address would wrap around to the window's begin */
    REFUSED(R4_ERR_NO_TABLE, map_at(frame, R4_WINDOW_SIZE / R4_PAGE_SIZE - 1));
    REFUSED(R4_ERR_RANGE, map_at(frame, 0)); /* the null address must not name a proxy */
    REFUSED(R4_ERR_ENTRY, map_at(frame, 1)); /* a cap page is there */
    REFUSED(R4_ERR_ENTRY, map_at(frame, PROXIES_PAGE));
    ALLOWED(map_at(frame, PAGE));
    REFUSED(R4_ERR_MAPPED, map_at(frame, PAGE + 1));
}

static void map_frame(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_ARGUMENT, map_at(create_sized(R4_CAP_FRAME, R4_LARGE_BITS), PAGE));
    space_map(frame, PLACE, R4_READ);
    REFUSED(R4_ERR_MAPPED, map_at(frame, PAGE));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(map_at(frame, PAGE));
}

static void sole_capability(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t copy = copy_of(frame);
    REFUSED(R4_ERR_PROXY_PAGE, map_at(frame, PAGE)); /* the holder of the copy could write there, too */
    REFUSED(R4_ERR_PROXY_PAGE, map_at(copy, PAGE));
    ALLOWED(r4_cap_revoke(r4_own(frame)).error);
    struct r4_proxy_content content = content_for(frame);
    content.rights = R4_ALL_RIGHTS & ~R4_WRITE;
    REFUSED(R4_ERR_RIGHTS, r4_frame_map_proxies(put(0, content), own_pd(), PAGE));
    content.rights = R4_ALL_RIGHTS & ~R4_READ; /* what is mapped can be read */
    REFUSED(R4_ERR_RIGHTS, r4_frame_map_proxies(put(0, content), own_pd(), PAGE));
    ALLOWED(map_at(frame, PAGE));
}

static void no_copy_of_a_proxy_page(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t copy = empty_slot();
    ALLOWED(map_at(frame, PAGE));
    REFUSED(R4_ERR_PROXY_PAGE, r4_cap_copy(r4_own(frame), copy, R4_READ, 0));
    REFUSED(R4_ERR_PROXY_PAGE, r4_cap_link(put_for(0, frame), copy));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_cap_copy(r4_own(frame), copy, R4_READ, 0));
}

static void proxies_work_there(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_ADDRESS, inspect(r4_own(INDEX)));
    ALLOWED(map_at(frame, PAGE));
    REFUSED(R4_ERR_EMPTY, inspect(r4_own(INDEX)));
    write_proxy(slot);
    ALLOWED(inspect(r4_own(INDEX)));
    REFUSED(R4_ERR_EMPTY, inspect(r4_own(INDEX - 1))); /* also where a cap page has its header */
    r4_proxy_clear(r4_proxy(INDEX));
    REFUSED(R4_ERR_EMPTY, inspect(r4_own(INDEX)));
}

static void plain_page_holds_none(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t frame = make(R4_CAP_FRAME);
    space_map(frame, ADDRESS, R4_READ | R4_WRITE); /* the same place, the right bytes, another kind */
    write_proxy(slot);
    REFUSED(R4_ERR_ADDRESS, inspect(r4_own(INDEX)));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(map_at(frame, PAGE)); /* the same bytes in a proxy page */
    ALLOWED(inspect(r4_own(INDEX)));
}

static void unmap_ends_the_kind(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t frame = make(R4_CAP_FRAME);
    ALLOWED(map_at(frame, PAGE));
    write_proxy(slot);
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    REFUSED(R4_ERR_ADDRESS, inspect(r4_own(INDEX)));
    space_map(frame, ADDRESS, R4_READ | R4_WRITE);
    REFUSED(R4_ERR_ADDRESS, inspect(r4_own(INDEX)));
    ALLOWED(r4_cap_delete(r4_own(frame)));
    frame = make(R4_CAP_FRAME);
    ALLOWED(map_at(frame, PAGE));
    ALLOWED(r4_cap_delete(r4_own(frame)));
    REFUSED(R4_ERR_ADDRESS, inspect(r4_own(INDEX)));
}

static void protect_keeps_the_kind(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t frame = make(R4_CAP_FRAME);
    ALLOWED(map_at(frame, PAGE));
    write_proxy(slot);
    REFUSED(R4_ERR_ARGUMENT, r4_frame_protect(r4_own(frame), 0));
    REFUSED(R4_ERR_PROXY_PAGE, r4_frame_protect(r4_own(frame), R4_READ | R4_EXEC));
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ));
    ALLOWED(inspect(r4_own(INDEX)));
    REFUSED(R4_ERR_PROXY_PAGE, r4_cap_copy(r4_own(frame), empty_slot(), R4_READ, 0));
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ | R4_WRITE));
    r4_proxy_clear(r4_proxy(INDEX));
    REFUSED(R4_ERR_EMPTY, inspect(r4_own(INDEX)));
}

/* A single-use proxy in a page that its program has made read-only for itself: the kernel still uses it up. */
static void kernel_consumes_in_a_read_only_page(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.flags = R4_PROXY_ONCE;
    ALLOWED(map_at(frame, PAGE));
    r4_proxy_write(r4_proxy(INDEX), &content);
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ));
    ALLOWED(inspect(r4_own(INDEX)));
    REFUSED(R4_ERR_EMPTY, inspect(r4_own(INDEX)));
}

static void moved_capability_keeps_it(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t to = empty_slot();
    ALLOWED(map_at(frame, PAGE));
    write_proxy(slot);
    ALLOWED(r4_cap_move(r4_own(frame), to));
    ALLOWED(inspect(r4_own(INDEX)));
    REFUSED(R4_ERR_PROXY_PAGE, r4_cap_copy(r4_own(to), frame, R4_READ, 0));
    ALLOWED(r4_cap_delete(r4_own(to)));
    REFUSED(R4_ERR_ADDRESS, inspect(r4_own(INDEX)));
}

static const struct test tests[] = {
    {"map: the address space", map_space, 1},
    {"map: the place", map_place, 1},
    {"map: the frame", map_frame, 1},
    {"map: the frame's only capability", sole_capability, 1},
    {"no copy and no link of a frame that is a proxy page", no_copy_of_a_proxy_page, 1},
    {"proxies work there", proxies_work_there, 1},
    {"the right bytes in a plain page are no proxy", plain_page_holds_none, 1},
    {"unmap ends the kind, and so does the end of the capability", unmap_ends_the_kind, 1},
    {"protect keeps the kind", protect_keeps_the_kind, 1},
    {"a single-use proxy is used up in a read-only page, too", kernel_consumes_in_a_read_only_page, 1},
    {"a moved capability keeps the page", moved_capability_keeps_it, 1},
};

const struct theme theme_proxy_page = {"proxy-page", tests, R4_COUNT(tests), 1};
