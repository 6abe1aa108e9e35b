/* SPDX-License-Identifier: MIT
 *
 * The chain. Each space has two window pages: cap page 0 and proxy page 1. Both are filled while they are mapped here,
 * then mapped there. Two proxies in each space have the same target: one for the space before, one for the measuring
 * program, so that it can step in anywhere.
 */
#include "bench/chain.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/page_table.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"
#include <r4/proxy.h>

#define WORKBENCH 0x50000000ULL /* where proxy pages are mapped while they are filled */
#define TABLES    3U
#define CAP_INDEX 1U                       /* of the notification in its space's window */
#define FOR_SPACE (R4_SLOTS_PER_PAGE + 1U) /* indices of the two proxies */
#define FOR_BENCH (R4_SLOTS_PER_PAGE + 2U)
#define SERIAL    1U

struct space {
    uint32_t pd;
    uint32_t name;
};

static struct space spaces[CHAIN_HOPS];
static uint32_t cap_version; /* of the notification's slot */

static void space_make(struct space *space) {
    space->pd = memory_make(R4_CAP_PD, 0, 1);
    struct r4_result named = r4_asid_assign(r4_own(r4_info()->slot_asid_pools), r4_own(space->pd));
    must(named.error, "naming an address space");
    space->name = (uint32_t)named.value;
    uint32_t tables = memory_make(R4_CAP_PAGE_TABLE, 0, TABLES);
    for (uint32_t i = 0; i < TABLES; i++) {
        must(r4_table_map(r4_own(tables + i), r4_own(space->pd), R4_WINDOW_BASE, TABLES - i),
             "hanging in a page table");
    }
}

/* The last space's cap page, with the notification in it; made in the own window, then moved there. */
static void notification_put(const struct space *space) {
    uint32_t page = slots_pages();
    uint32_t cap_page = space_grow_window(1);
    uint32_t notification = memory_make(R4_CAP_NOTIFICATION, 0, 1);
    must(r4_cap_move(r4_own(notification), page * R4_SLOTS_PER_PAGE + CAP_INDEX), "moving the notification");
    cap_version = (uint32_t)r4_slot_version_get(r4_slot(page * R4_SLOTS_PER_PAGE + CAP_INDEX)->word[0]);
    must(r4_cap_page_unmap(r4_own(cap_page)), "unmapping a cap page");
    must(r4_cap_page_map(r4_own(cap_page), r4_own(space->pd), 0), "mapping a cap page");
    slots_pages_set(page);
}

static struct r4_proxy proxy_to(uint64_t target, uint32_t version, uint32_t ttl, uint32_t grantee) {
    struct r4_proxy proxy;
    proxy.word[0] = r4_proxy_kind_put(R4_CAP_PROXY) | r4_proxy_ttl_put(ttl) | r4_proxy_serial_put(SERIAL) |
                    r4_proxy_rights_put(R4_ALL_RIGHTS);
    proxy.word[1] = target;
    proxy.word[2] = 0;
    proxy.word[3] = r4_proxy_grantee_put(grantee) | r4_proxy_version_put(version);
    return proxy;
}

/* Fills space `number`'s proxy page and puts it into its window. */
static void proxies_put(uint32_t number) {
    bool last = number == CHAIN_HOPS - 1;
    uint64_t target = r4_own(CAP_INDEX); /* asid 0: the window of the proxy */
    if (!last) {
        target = r4_cap_name_set(r4_own(FOR_SPACE), spaces[number + 1].name);
    }
    uint32_t version = last ? cap_version : SERIAL;
    uint32_t before = number == 0 ? r4_info()->name : spaces[number - 1].name;
    uint32_t frame = memory_make(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    space_map(frame, WORKBENCH, R4_READ | R4_WRITE);
    struct r4_proxy *proxies = (struct r4_proxy *)WORKBENCH;
    proxies[FOR_SPACE % R4_SLOTS_PER_PAGE] = proxy_to(target, version, number, before);
    proxies[FOR_BENCH % R4_SLOTS_PER_PAGE] = proxy_to(target, version, number, r4_info()->name);
    must(r4_frame_unmap(r4_own(frame)), "unmapping a proxy page");
    must(r4_frame_map_proxies(r4_own(frame), r4_own(spaces[number].pd), FOR_SPACE / R4_SLOTS_PER_PAGE),
         "mapping a proxy page");
}

void chain_make(void) {
    for (uint32_t i = 0; i < CHAIN_HOPS; i++) {
        space_make(&spaces[i]);
    }
    notification_put(&spaces[CHAIN_HOPS - 1]);
    for (uint32_t i = 0; i < CHAIN_HOPS; i++) {
        proxies_put(i);
    }
}

uint64_t chain_entry(uint32_t hops) { return r4_cap_name_set(r4_own(FOR_BENCH), spaces[CHAIN_HOPS - hops].name); }
