/* SPDX-License-Identifier: MIT
 *
 * Operations through proxies: what each needs besides the right that it always needs, and arguments that are reached
 * through proxies.
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

#define FAR (1ULL << 40)

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

/* A proxy for all of the capability but these rights. */
static r4_cap_t put_without(uint32_t slot, uint32_t rights) {
    struct r4_proxy_content content = content_for(slot);
    content.rights = R4_ALL_RIGHTS & ~rights;
    return put(0, content);
}

static void about_the_slot(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t target = empty_slot();
    r4_cap_t cap = put_for(0, slot);
    REFUSED(R4_ERR_PROXY, r4_cap_copy(cap, target, R4_ALL_RIGHTS, 0));
    REFUSED(R4_ERR_PROXY, r4_cap_mint(cap, target, R4_ALL_RIGHTS, 0, 1));
    REFUSED(R4_ERR_PROXY, r4_cap_move(cap, target));
    REFUSED(R4_ERR_PROXY, r4_cap_delete(cap));
    ALLOWED(r4_cap_inspect(cap).error);
    REFUSED(R4_ERR_OPERATION, r4_syscall(cap, R4_OP_COUNT, 0, 0, 0, 0).error);
    REFUSED(R4_ERR_TYPE, r4_frame_unmap(cap));
}

static void inspect_tells_what_is_left(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_FRAME));
    content.rights = R4_READ | R4_MODIFY;
    uint64_t value = r4_cap_inspect(put(0, content)).value;
    CHECK(r4_inspect_rights_get(value) == (R4_READ | R4_MODIFY) && r4_inspect_type_get(value) == R4_CAP_FRAME);
}

static void map_and_unmap(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    r4_cap_t weak = put_without(frame, R4_MODIFY);
    REFUSED(R4_ERR_RIGHTS, r4_frame_map(weak, own_pd(), PLACE, R4_READ));
    REFUSED(R4_ERR_RIGHTS, r4_frame_map_proxies(weak, own_pd(), PROXIES_PAGE + 1));
    REFUSED(R4_ERR_RIGHTS, r4_frame_protect(weak, R4_READ));
    REFUSED(R4_ERR_RIGHTS, r4_frame_unmap(weak));
    r4_cap_t reader = put_without(frame, R4_WRITE | R4_EXEC);
    REFUSED(R4_ERR_RIGHTS, r4_frame_map(reader, own_pd(), PLACE, R4_READ | R4_WRITE));
    REFUSED(R4_ERR_RIGHTS, r4_frame_map_proxies(reader, own_pd(), PROXIES_PAGE + 1));
    ALLOWED(r4_frame_map(reader, own_pd(), PLACE, R4_READ));
    REFUSED(R4_ERR_RIGHTS, r4_frame_protect(reader, R4_READ | R4_WRITE));
    CHECK(r4_mapped_at(frame) == PLACE); /* the mapping is that of the real capability */
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(reader));
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), PLACE, R4_READ));
    ALLOWED(r4_frame_unmap(reader));
    ALLOWED(r4_frame_map_proxies(put_for(0, frame), own_pd(), PROXIES_PAGE + 1));
}

static void tables_and_pages(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    uint32_t page = make(R4_CAP_CAP_PAGE);
    const uint32_t needed[] = {R4_MODIFY, R4_CONTROL};
    for (uint32_t i = 0; i < R4_COUNT(needed); i++) {
        REFUSED(R4_ERR_RIGHTS, r4_table_map(put_without(table, needed[i]), own_pd(), FAR, 3));
        REFUSED(R4_ERR_RIGHTS, r4_table_unmap(put_without(table, needed[i])));
        REFUSED(R4_ERR_RIGHTS, r4_cap_page_map(put_without(page, needed[i]), own_pd(), PROXIES_PAGE + 1));
        REFUSED(R4_ERR_RIGHTS, r4_cap_page_unmap(put_without(page, needed[i])));
    }
    ALLOWED(r4_table_map(put_without(table, R4_READ), own_pd(), FAR, 3));
    ALLOWED(r4_table_unmap(put_without(table, R4_READ)));
    ALLOWED(r4_cap_page_map(put_without(page, R4_READ), own_pd(), PROXIES_PAGE + 1));
    ALLOWED(r4_cap_page_unmap(put_without(page, R4_READ)));
}

static void retype(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t made = empty_slots(4);
    struct r4_objects objects = {R4_CAP_UNTYPED, 12, 1, 0, made};
    REFUSED(R4_ERR_RIGHTS, r4_untyped_retype(put_without(untyped, R4_MODIFY), objects));
    REFUSED(R4_ERR_RIGHTS, r4_untyped_retype(put_without(untyped, R4_CONTROL), objects));
    struct r4_proxy_content content = content_for(untyped);
    content.ttl = 4;
    ALLOWED(r4_untyped_retype(put(0, content), objects));
    CHECK(r4_ttl(made) == 4 && r4_watermark(untyped) == R4_PAGE_SIZE); /* an untyped gets the first proxy's TTL */
    ALLOWED(r4_untyped_retype(put(0, content), (struct r4_objects){R4_CAP_FRAME, 12, 1, 4096, made + 1}));
    CHECK(r4_ttl(made + 1) == R4_TTL_MAX && r4_rights(made + 1) == R4_ALL_RIGHTS);
    content.ttl = 0;
    ALLOWED(r4_untyped_retype(put(0, content), (struct r4_objects){R4_CAP_UNTYPED, 12, 1, 8192, made + 2}));
    CHECK(r4_ttl(made + 2) == 0); /* objects can still be made of it */
    ALLOWED(r4_untyped_retype(r4_own(made + 2), (struct r4_objects){R4_CAP_FRAME, 12, 1, 0, made + 3}));
    CHECK(r4_ttl(made + 3) == R4_TTL_MAX);
}

static void revoke(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = copy_of(slot);
    REFUSED(R4_ERR_RIGHTS, r4_cap_revoke(put_without(slot, R4_MODIFY)).error);
    ALLOWED(r4_cap_revoke(put_without(slot, R4_CONTROL)).error);
    CHECK(is_empty(copy) && !is_empty(slot));
    ALLOWED(r4_cap_inspect(r4_own(proxy_index(0))).error); /* its proxy stays */
}

static void threads(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    REFUSED(R4_ERR_RIGHTS, r4_thread_configure(put_without(thread, R4_MODIFY), own_pd(), NULL, PLACE, 0));
    REFUSED(R4_ERR_RIGHTS, r4_thread_configure(put_without(thread, R4_CONTROL), own_pd(), NULL, PLACE, 0));
    ALLOWED(r4_thread_configure(put_for(0, thread), own_pd(), NULL, PLACE, 0));
    r4_cap_t weak = put_without(thread, R4_CONTROL);
    REFUSED(R4_ERR_RIGHTS, r4_thread_schedule(weak, 0, 1));
    REFUSED(R4_ERR_RIGHTS, r4_thread_start(weak));
    REFUSED(R4_ERR_RIGHTS, r4_thread_stop(weak));
    r4_cap_t cap = put_without(thread, R4_MODIFY);
    ALLOWED(r4_thread_schedule(cap, 0, 1));
    ALLOWED(r4_thread_start(cap));
    REFUSED(R4_ERR_RUNNING, r4_thread_start(cap));
    ALLOWED(r4_thread_stop(cap));
}

static void pools(void) {
    uint32_t pd = make(R4_CAP_PD);
    uint32_t pool = r4_info()->slot_asid_pools + 1;
    REFUSED(R4_ERR_RIGHTS, r4_asid_assign(put_without(pool, R4_CONTROL), r4_own(pd)).error);
    struct r4_result named = r4_asid_assign(put_without(pool, R4_MODIFY), r4_own(pd));
    ALLOWED(named.error);
    CHECK(named.value == r4_badge(pd));
}

static void arguments(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_RIGHTS, r4_frame_map(r4_own(frame), put_without(r4_info()->slot_pd, R4_CONTROL), PLACE, R4_READ));
    struct r4_proxy_content content = content_for(r4_info()->slot_pd);
    content.flags = R4_PROXY_ONCE;
    REFUSED(R4_ERR_ONCE, r4_frame_map(r4_own(frame), put(0, content), PLACE, R4_READ));
    REFUSED(R4_ERR_TYPE, r4_frame_map(r4_own(frame), put_for(0, frame), PLACE, R4_READ));
    r4_proxy_clear(r4_proxy(proxy_index(0)));
    REFUSED(R4_ERR_EMPTY, r4_frame_map(r4_own(frame), r4_own(proxy_index(0)), PLACE, R4_READ));
    content = content_for(r4_info()->slot_pd);
    content.version++;
    REFUSED(R4_ERR_VERSION, r4_frame_map(r4_own(frame), put(0, content), PLACE, R4_READ));
    ALLOWED(r4_frame_map(r4_own(frame), put_without(r4_info()->slot_pd, R4_MODIFY), PLACE, R4_READ));
    CHECK(*(volatile uint64_t *)PLACE == 0);
}

static void both(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    (void)put_for(0, frame);
    (void)put_for(1, r4_info()->slot_pd);
    r4_cap_t cap = put(2, content_for_proxy(0));
    r4_cap_t pd = put(3, content_for_proxy(1));
    ALLOWED(r4_frame_map(cap, pd, PLACE, R4_READ));
    ALLOWED(r4_frame_unmap(cap));
}

/* The capability in `slot` through proxies number `first` to first + length - 1. */
static r4_cap_t put_chain(uint32_t first, uint32_t length, uint32_t slot) {
    r4_cap_t cap = put(first + length - 1, content_for(slot));
    for (uint32_t i = length - 1; i > 0; i--) {
        cap = put(first + i - 1, content_for_proxy(first + i));
    }
    return cap;
}

static void as_many_as_a_call_takes(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t pd = r4_info()->slot_pd;
    for (uint32_t length = 1; length < R4_TTL_MAX; length++) {
        r4_cap_t cap = put_chain(0, length, frame);
        REFUSED(R4_ERR_TTL, r4_frame_map(cap, put_chain(R4_TTL_MAX, R4_TTL_MAX - length + 1, pd), PLACE, R4_READ));
        ALLOWED(r4_frame_map(cap, put_chain(R4_TTL_MAX, R4_TTL_MAX - length, pd), PLACE, R4_READ));
        ALLOWED(r4_frame_unmap(cap));
    }
    r4_cap_t cap = put_chain(0, R4_TTL_MAX, frame);
    REFUSED(R4_ERR_TTL, r4_frame_map(cap, put_chain(R4_TTL_MAX, 1, pd), PLACE, R4_READ));
    ALLOWED(r4_frame_map(cap, own_pd(), PLACE, R4_READ));
    ALLOWED(r4_frame_unmap(cap));
    ALLOWED(r4_frame_map(r4_own(frame), put_chain(R4_TTL_MAX, R4_TTL_MAX, pd), PLACE, R4_READ));
}

static void many_objects(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t made = empty_slots(R4_RETYPE_THROUGH_MAX + 1);
    struct r4_objects objects = {R4_CAP_NOTIFICATION, 0, R4_RETYPE_THROUGH_MAX + 1, 0, made};
    REFUSED(R4_ERR_ARGUMENT, r4_untyped_retype(put_for(0, untyped), objects));
    objects.count--;
    ALLOWED(r4_untyped_retype(put_for(0, untyped), objects));
    CHECK(!is_empty(made + R4_RETYPE_THROUGH_MAX - 1) && is_empty(made + R4_RETYPE_THROUGH_MAX));
}

/* A thread keeps its PD, which is an argument: that needs LINK. */
static void kept_arguments(void) {
    uint32_t thread = make(R4_CAP_THREAD);
    r4_cap_t weak = put_without(r4_info()->slot_pd, R4_LINK);
    REFUSED(R4_ERR_RIGHTS, r4_thread_configure(r4_own(thread), weak, NULL, PLACE, 0));
    ALLOWED(r4_thread_configure(r4_own(thread), put_without(r4_info()->slot_pd, R4_MODIFY), NULL, PLACE, 0));
    uint32_t pd = make(R4_CAP_PD);
    weak = put_without(pd, R4_MODIFY);
    REFUSED(R4_ERR_RIGHTS, r4_asid_assign(r4_asid_pool(1), weak).error);
    ALLOWED(r4_asid_assign(r4_asid_pool(1), put_without(pd, R4_LINK)).error);
}

static void link_right(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t target = empty_slot();
    REFUSED(R4_ERR_RIGHTS, r4_cap_link(put_without(slot, R4_LINK), target));
    uint32_t weak = copy_with(slot, R4_ALL_RIGHTS & ~R4_LINK);
    REFUSED(R4_ERR_RIGHTS, r4_cap_link(put_for(0, weak), target)); /* the capability itself needs it, too */
    ALLOWED(r4_cap_link(put_without(slot, R4_MODIFY), target));
}

static const struct test tests[] = {
    {"copy, mint, move, delete need the capability itself", about_the_slot, 1},
    {"inspect tells what the proxies left", inspect_tells_what_is_left, 1},
    {"frames: MODIFY to map, protect, unmap; the owner unmaps", map_and_unmap, 1},
    {"page tables and cap pages: CONTROL and MODIFY", tables_and_pages, 1},
    {"retype: CONTROL and MODIFY; memory takes the proxy's TTL", retype, 1},
    {"revoke: MODIFY", revoke, 1},
    {"threads: CONTROL, and MODIFY to configure", threads, 1},
    {"AsidPools: CONTROL", pools, 1},
    {"arguments through proxies", arguments, 1},
    {"as many proxies as a call takes, argument included", as_many_as_a_call_takes, 1},
    {"fewer objects at once", many_objects, 1},
    {"arguments that are kept: LINK to configure, MODIFY to name", kept_arguments, 1},
    {"link: LINK, of the capability too", link_right, 1},
    {"an operation whose two capabilities are proxies' proxies", both, 1},
};

const struct theme theme_through = {"through", tests, R4_COUNT(tests), 1};
