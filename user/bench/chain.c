/* SPDX-License-Identifier: MIT
 *
 * The chain. Each space has two window pages: cap page 0 and proxy page 1. Both are filled while they are mapped here,
 * then mapped there. Two proxies in each space have the same target: one is for the space before, one for the measuring
 * program, so that it can begin a walk in any space.
 */
#include "bench/chain.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/domain.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/proxy.h"
#include "lib/space.h"
#include "lib/window.h"

#define WORKBENCH   0x50000000ULL /* proxy pages are mapped here while they are filled */
#define DOMAIN_LOG2 16U
#define CAP_INDEX   1U                       /* of the notification in its space's window */
#define FOR_SPACE   (R4_SLOTS_PER_PAGE + 1U) /* indices of the two proxies */
#define FOR_BENCH   (R4_SLOTS_PER_PAGE + 2U)
#define SERIAL      1U /* of each proxy: it is written once */

static struct domain spaces[CHAIN_HOPS];
static uint32_t cap_version; /* of the notification's slot */

/* The last space's cap page, with the notification in it: filled in the program's window, then mapped there. */
static void notification_put(const struct domain *space) {
    uint32_t page = slots_pages();
    uint32_t cap_page = space_grow_window(1);
    uint32_t notification = memory_create(R4_CAP_NOTIFICATION, 0, 1);
    must(r4_cap_move(r4_own(notification), page * R4_SLOTS_PER_PAGE + CAP_INDEX), "moving the notification");
    cap_version = r4_version(page * R4_SLOTS_PER_PAGE + CAP_INDEX);
    must(r4_cap_page_unmap(r4_own(cap_page)), "unmapping a cap page");
    must(r4_cap_page_map(r4_own(cap_page), r4_own(space->pd), 0), "mapping a cap page");
    slots_pages_set(page);
}

/* Fills the proxy page of space `number`. */
static void proxies_fill(uint32_t number, uint32_t frame) {
    bool last = number == CHAIN_HOPS - 1;
    struct r4_proxy *proxies = (struct r4_proxy *)WORKBENCH;
    struct r4_proxy_content content = {
        .target = last ? r4_own(CAP_INDEX) : r4_in(spaces[number + 1].name, FOR_SPACE),
        .version = last ? cap_version : SERIAL,
        .grantee = number == 0 ? r4_info()->name : spaces[number - 1].name,
        .rights = R4_ALL_RIGHTS,
        .ttl = number,
    };
    must(r4_frame_unmap(r4_own(frame)), "unmapping a proxy page");
    space_map(frame, WORKBENCH, R4_READ | R4_WRITE);
    r4_proxy_write(&proxies[FOR_SPACE % R4_SLOTS_PER_PAGE], &content);
    content.grantee = r4_info()->name;
    r4_proxy_write(&proxies[FOR_BENCH % R4_SLOTS_PER_PAGE], &content);
    must(r4_frame_unmap(r4_own(frame)), "unmapping a proxy page");
    must(r4_frame_map_proxies(r4_own(frame), r4_own(spaces[number].pd), FOR_SPACE / R4_SLOTS_PER_PAGE),
         "mapping a proxy page");
}

void chain_make(void) {
    uint32_t frames[CHAIN_HOPS];
    for (uint32_t i = 0; i < CHAIN_HOPS; i++) { /* and the page tables for the first pages of its window */
        spaces[i] = domain_create(memory_create(R4_CAP_UNTYPED, DOMAIN_LOG2, 1), r4_asid_pool(0));
        frames[i] = domain_add_proxies(&spaces[i], FOR_SPACE / R4_SLOTS_PER_PAGE);
    }
    notification_put(&spaces[CHAIN_HOPS - 1]);
    for (uint32_t i = 0; i < CHAIN_HOPS; i++) {
        proxies_fill(i, frames[i]);
    }
}

r4_cap_t chain_entry(uint32_t hops) { return r4_in(spaces[CHAIN_HOPS - hops].name, FOR_BENCH); }
