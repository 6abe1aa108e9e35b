/* SPDX-License-Identifier: MIT
 *
 * Single-use proxies.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/debug.h"
#include "lib/frame.h"
#include "lib/page_table.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

/* Proxy 0, for one use of the capability. */
static r4_cap_t put_once(uint32_t slot) {
    struct r4_proxy_content content = content_for(slot);
    content.flags = R4_PROXY_ONCE;
    return put(0, content);
}

static bool is_used_up(void) { return r4_proxy_is_empty(r4_proxy(proxy_index(0))); }

static void used_once(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    r4_cap_t cap = put_once(slot);
    uint32_t serial = r4_proxy_serial(r4_proxy(proxy_index(0)));
    ALLOWED(r4_cap_inspect(cap).error);
    CHECK(is_used_up() && r4_proxy_serial(r4_proxy(proxy_index(0))) == serial);
    REFUSED(R4_ERR_EMPTY, r4_cap_inspect(cap).error);
    cap = put_once(slot); /* written again, it can be used again */
    CHECK(r4_proxy_serial(r4_proxy(proxy_index(0))) == serial + 1);
    ALLOWED(r4_cap_inspect(cap).error);
    CHECK(is_used_up());
}

static void refused_use_is_none(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    r4_cap_t cap = put_once(frame);
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(cap));
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_protect(cap, R4_READ));
    REFUSED(R4_ERR_ARGUMENT, r4_frame_map(cap, own_pd(), PLACE, 0));
    REFUSED(R4_ERR_ALIGNMENT, r4_frame_map(cap, own_pd(), PLACE + 1, R4_READ));
    REFUSED(R4_ERR_TYPE, r4_frame_map(cap, r4_own(frame), PLACE, R4_READ));
    REFUSED(R4_ERR_ENTRY, r4_frame_map_proxies(cap, own_pd(), 1));
    REFUSED(R4_ERR_PROXY, r4_cap_delete(cap));
    REFUSED(R4_ERR_TYPE, r4_thread_start(cap));
    REFUSED(R4_ERR_OPERATION, r4_syscall(cap, R4_OP_COUNT, 0, 0, 0, 0).error);
    CHECK(!is_used_up());
    ALLOWED(r4_frame_map(cap, own_pd(), PLACE, R4_READ));
    CHECK(is_used_up());
}

static void not_by_link(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t target = empty_slot();
    REFUSED(R4_ERR_ONCE, r4_cap_link(put_once(slot), target));
    CHECK(!is_used_up() && is_empty(target));
    REFUSED(R4_ERR_ONCE, r4_cap_link(put(1, content_for_proxy(0)), target));
    ALLOWED(r4_cap_inspect(r4_own(proxy_index(1))).error);
    CHECK(is_used_up());
}

static void not_as_an_argument(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_ONCE, r4_frame_map(r4_own(frame), put_once(r4_info()->slot_pd), PLACE, R4_READ));
    CHECK(!is_used_up());
}

static void one_in_a_chain(void) {
    (void)put_once(make(R4_CAP_NOTIFICATION));
    struct r4_proxy_content content = content_for_proxy(0);
    r4_cap_t cap = put(2, content); /* a single-use one after an ordinary one */
    ALLOWED(r4_cap_inspect(cap).error);
    CHECK(is_used_up());
    REFUSED(R4_ERR_EMPTY, r4_cap_inspect(cap).error);
    (void)put_once(make(R4_CAP_NOTIFICATION));
    content = content_for_proxy(0);
    content.flags = R4_PROXY_ONCE;
    REFUSED(R4_ERR_ONCE, r4_cap_inspect(put(1, content)).error); /* two of them */
    CHECK(!is_used_up());
}

static void one_before_an_ordinary_one(void) {
    (void)put_for(1, make(R4_CAP_NOTIFICATION));
    struct r4_proxy_content content = content_for_proxy(1);
    content.flags = R4_PROXY_ONCE;
    r4_cap_t cap = put(0, content);
    ALLOWED(r4_cap_inspect(cap).error);
    CHECK(is_used_up());
    ALLOWED(r4_cap_inspect(r4_own(proxy_index(1))).error); /* the other one stays */
}

static void frames(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    ALLOWED(r4_frame_map(put_once(frame), own_pd(), PLACE, R4_READ));
    CHECK(is_used_up());
    ALLOWED(r4_frame_protect(put_once(frame), R4_READ | R4_EXEC));
    CHECK(is_used_up());
    ALLOWED(r4_frame_unmap(put_once(frame)));
    CHECK(is_used_up());
    ALLOWED(r4_frame_map_proxies(put_once(frame), own_pd(), PROXIES_PAGE + 1));
    CHECK(is_used_up());
}

static void tables_and_pages(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    uint32_t page = make(R4_CAP_CAP_PAGE);
    ALLOWED(r4_table_map(put_once(table), own_pd(), 1ULL << 40, 3));
    CHECK(is_used_up());
    ALLOWED(r4_table_unmap(put_once(table)));
    CHECK(is_used_up());
    ALLOWED(r4_cap_page_map(put_once(page), own_pd(), PROXIES_PAGE + 1));
    CHECK(is_used_up());
    ALLOWED(r4_cap_page_unmap(put_once(page)));
    CHECK(is_used_up());
}

static void retype(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    struct r4_objects objects = {R4_CAP_NOTIFICATION, 0, 1, 0, empty_slot()};
    r4_cap_t cap = put_once(untyped);
    REFUSED(R4_ERR_ARGUMENT, r4_untyped_retype(cap, (struct r4_objects){R4_CAP_PEER, 0, 1, 0, objects.target}));
    ALLOWED(r4_untyped_retype(cap, objects));
    CHECK(is_used_up() && !is_empty(objects.target));
}

static void revoke(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = copy_of(slot);
    ALLOWED(r4_cap_revoke(put_once(slot)).error);
    CHECK(is_used_up() && is_empty(copy));
    ALLOWED(r4_cap_revoke(put_once(slot)).error); /* a revoke of nothing is a use, too */
    CHECK(is_used_up());
}

static void threads(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    REFUSED(R4_ERR_NOT_CONFIGURED, r4_thread_start(put_once(thread)));
    CHECK(!is_used_up());
    ALLOWED(r4_thread_configure(put_once(thread), own_pd(), NULL, PLACE, 0));
    CHECK(is_used_up());
    ALLOWED(r4_thread_schedule(put_once(thread), 0, 1));
    CHECK(is_used_up());
    ALLOWED(r4_thread_start(put_once(thread)));
    CHECK(is_used_up());
    ALLOWED(r4_thread_stop(put_once(thread)));
    CHECK(is_used_up());
    ALLOWED(r4_thread_stop(put_once(thread)));
    CHECK(is_used_up());
}

static void pools(void) {
    uint32_t pd = make(R4_CAP_PD);
    uint32_t pool = r4_info()->slot_asid_pools + 1;
    REFUSED(R4_ERR_EMPTY, r4_asid_assign(put_once(pool), r4_own(empty_slot())).error);
    CHECK(!is_used_up());
    ALLOWED(r4_asid_assign(r4_own(proxy_index(0)), r4_own(pd)).error);
    CHECK(is_used_up());
}

static const struct test tests[] = {
    {"used up by the first success; written again, it serves again", used_once, 1},
    {"a refused call does not use it up", refused_use_is_none, 1},
    {"not through link", not_by_link, 1},
    {"not as an argument", not_as_an_argument, 1},
    {"one in a chain, never two", one_in_a_chain, 1},
    {"one at the near end", one_before_an_ordinary_one, 1},
    {"map, protect, unmap of a frame", frames, 1},
    {"map, unmap of tables and cap pages", tables_and_pages, 1},
    {"retype", retype, 1},
    {"revoke", revoke, 1},
    {"configure, schedule, start, stop", threads, 1},
    {"assign", pools, 1},
};

const struct theme theme_once = {"once", tests, R4_COUNT(tests), 1};
