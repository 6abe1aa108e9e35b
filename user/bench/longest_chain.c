/* SPDX-License-Identifier: MIT
 *
 * Chains of proxies in the program's window. A hop costs most where the target has the program's own name (the name is
 * looked up), where the grantee is another space (in the program's window that is checked twice), where the proxy has a
 * badge, and where the page is not the one that the walk before went through.
 */
#include "bench/longest_chain.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/debug.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/page_table.h"
#include "lib/print.h"
#include "lib/proxy.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"

#define PROXY_PAGE  500U /* a window page that nothing else uses; the window's first 512 have their table from boot */
#define INVOKED     (PROXY_PAGE * R4_SLOTS_PER_PAGE + 1)
#define ARGUMENT    (INVOKED + R4_TTL_MAX)
#define PAGES       2U /* that proxies take turns in */
#define EMPTY_PAGE  (PROXY_PAGE + PAGES)
#define MAP_ADDRESS 0x40000000ULL
#define TABLE_SPACE 0x20000000000ULL /* nothing is there yet */
#define ASID_POOL   (r4_info()->slot_asid_pools + 2)
#define TEXT        "end"

static uint32_t own_pd(void) { return r4_info()->slot_pd; }

static uint32_t place(uint32_t first, uint32_t number) { return first + number + number % PAGES * R4_SLOTS_PER_PAGE; }

/* The capability in `slot`, through `hops` (0..R4_TTL_MAX) proxies that are at `first` and following. */
static r4_cap_t chain_put(uint32_t slot, uint32_t first, uint32_t hops) {
    for (uint32_t i = 0; i < hops; i++) {
        bool last = i + 1 == hops;
        struct r4_proxy_content content = {
            .target = last ? r4_own(slot) : r4_in(r4_info()->name, place(first, i + 1)),
            .version = last ? r4_version(slot) : r4_proxy_serial(r4_proxy(place(first, i + 1))) + 1,
            .grantee = r4_info()->name + 1,
            .rights = R4_ALL_RIGHTS,
            .ttl = R4_TTL_MAX - hops + i,
            .badge = 1,
        };
        r4_proxy_write(r4_proxy(place(first, i)), &content);
    }
    return hops == 0 ? r4_own(slot) : r4_in(r4_info()->name, first);
}

r4_cap_t longest_chain_put(uint32_t slot, uint32_t hops) {
    require(hops <= R4_TTL_MAX, "as many hops as a walk has");
    return chain_put(slot, INVOKED, hops);
}

/* An argument goes through all hops that the invoked capability has left over. */
static r4_cap_t argument(uint32_t slot, uint32_t hops) { return chain_put(slot, ARGUMENT, R4_TTL_MAX - hops); }

static r4_cap_t most_proxied(uint32_t slot) { return longest_chain_put(slot, R4_TTL_MAX); }

static void retype_run(enum r4_cap_type type, uint32_t size_log2) {
    uint32_t parent = memory_create(R4_CAP_UNTYPED, size_log2 + (uint32_t)__builtin_ctz(R4_RETYPE_THROUGH_MAX), 1);
    uint32_t first = slots_take(R4_RETYPE_THROUGH_MAX);
    bool sized = type == R4_CAP_UNTYPED || type == R4_CAP_FRAME;
    struct r4_objects objects = {type, sized ? size_log2 : 0, R4_RETYPE_THROUGH_MAX, 0, first};
    must(r4_untyped_retype(most_proxied(parent), objects), "retype");
    must(r4_cap_revoke(most_proxied(parent)).error, "revoke");
    objects.count = 1;
    must(r4_untyped_retype(most_proxied(parent), objects), "retype of one");
    must(r4_cap_delete(r4_own(parent)), "delete");
    slots_give(first, R4_RETYPE_THROUGH_MAX);
    slots_give(parent, 1);
}

static void retypes_run(void) {
    retype_run(R4_CAP_UNTYPED, R4_NOTIFICATION_LOG2);
    retype_run(R4_CAP_FRAME, R4_PAGE_BITS);
    retype_run(R4_CAP_CAP_PAGE, R4_PAGE_BITS);
    retype_run(R4_CAP_PAGE_TABLE, R4_PAGE_BITS);
    retype_run(R4_CAP_PD, R4_PD_LOG2);
    retype_run(R4_CAP_THREAD, R4_THREAD_LOG2);
    retype_run(R4_CAP_NOTIFICATION, R4_NOTIFICATION_LOG2);
}

static void frame_run(uint32_t hops) {
    uint32_t frame = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    must(r4_frame_map(longest_chain_put(frame, hops), argument(own_pd(), hops), MAP_ADDRESS, R4_READ), "map");
    must(r4_frame_protect(most_proxied(frame), R4_READ | R4_WRITE), "protect");
    must(r4_frame_unmap(most_proxied(frame)), "unmap");
    must(r4_frame_map_proxies(longest_chain_put(frame, hops), argument(own_pd(), hops), EMPTY_PAGE),
         "mapping a proxy page");
    memory_delete(frame, 1);
}

static void table_run(uint32_t hops) {
    uint32_t table = memory_create(R4_CAP_PAGE_TABLE, 0, 1);
    must(r4_table_map(longest_chain_put(table, hops), argument(own_pd(), hops), TABLE_SPACE, 3), "mapping a table");
    must(r4_table_unmap(most_proxied(table)), "unmapping it");
    memory_delete(table, 1);
}

static void cap_page_run(uint32_t hops) {
    uint32_t page = memory_create(R4_CAP_CAP_PAGE, 0, 1);
    must(r4_cap_page_map(longest_chain_put(page, hops), argument(own_pd(), hops), EMPTY_PAGE), "mapping a cap page");
    must(r4_cap_page_unmap(most_proxied(page)), "unmapping it");
    memory_delete(page, 1);
}

static _Noreturn void thread_never(uint64_t unused) { fail(R4_ERR_RUNNING, unused == 0 ? "a thread" : "another"); }

static void thread_run(uint32_t hops) {
    uint32_t thread = memory_create(R4_CAP_THREAD, 0, 1);
    uint32_t pd = memory_create(R4_CAP_PD, 0, 1);
    must(r4_asid_assign(longest_chain_put(ASID_POOL, hops), argument(pd, hops)).error, "naming an address space");
    must(r4_thread_configure(longest_chain_put(thread, hops), argument(pd, hops), thread_never, MAP_ADDRESS, 0),
         "configure");
    must(r4_thread_schedule(most_proxied(thread), 0, 1), "schedule");
    must(r4_thread_start(most_proxied(thread)), "start");
    must(r4_thread_stop(most_proxied(thread)), "stop");
    memory_delete(thread, 1);
    memory_delete(pd, 1);
}

static void others_run(void) {
    uint32_t slot = memory_create(R4_CAP_NOTIFICATION, 0, 1);
    uint32_t copy = slots_take(1);
    must(r4_cap_link(longest_chain_put(slot, R4_TTL_MAX - 1), copy), "link");
    must(r4_cap_revoke(most_proxied(slot)).error, "revoke");
    must(r4_cap_inspect(most_proxied(slot)).error, "inspect");
    slots_give(copy, 1);
    memory_delete(slot, 1);
    must(r4_debug_write(most_proxied(r4_info()->slot_debug), TEXT, sizeof(TEXT) - 1), "write");
}

void longest_chain_begin(void) {
    uint32_t proxies = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, PAGES);
    for (uint32_t i = 0; i < PAGES; i++) {
        must(r4_frame_map_proxies(r4_own(proxies + i), r4_own(own_pd()), PROXY_PAGE + i), "mapping a proxy page");
    }
}

void longest_chain_run(void) {
    retypes_run();
    for (uint32_t hops = 0; hops <= R4_TTL_MAX; hops++) {
        frame_run(hops);
        table_run(hops);
        cap_page_run(hops);
        thread_run(hops);
    }
    others_run();
}
