/* SPDX-License-Identifier: MIT
 *
 * Figures of proxies: how much more an invocation through them costs than that of a capability in the program's window.
 */
#include "bench/proxies.h"
#include "bench/chain.h"
#include "bench/figure.h"
#include "lib/cap.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/proxy.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include <r4/format.h>

#define NAME_SIZE  32U
#define PROXY_PAGE 300U /* of the window; under its first page table */

static void mint_measure(uint32_t notification) {
    struct figure figure = {"cap.mint", 0, {0}};
    uint32_t target = slots_take(1);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_mint(r4_own(notification), target, R4_SEND, R4_TTL_MAX - 1, i + 1);
        figure_add(&figure, figure_ticks(begin));
        must(error, "mint");
        must(r4_cap_delete(r4_own(target)), "delete");
    }
    slots_give(target, 1);
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* What is delegated to whom, and by which proxy: volatile, so that no compiler makes constants of these. */
static struct {
    struct r4_proxy *volatile proxy;
    volatile r4_cap_t target;
    volatile uint32_t version;
    volatile uint32_t grantee;
} given;

/* Loads and stores in the program's window, no system call. */
static int64_t delegate_ticks(void) {
    struct r4_proxy *proxy = given.proxy;
    struct r4_proxy_content content = {.target = given.target,
                                       .version = given.version,
                                       .grantee = given.grantee,
                                       .rights = R4_SEND | R4_LINK,
                                       .ttl = R4_TTL_MAX - 1};
    uint64_t begin = r4_ticks();
    r4_proxy_write(proxy, &content);
    return figure_ticks(begin);
}

static int64_t withdraw_ticks(void) {
    struct r4_proxy *proxy = given.proxy;
    uint64_t begin = r4_ticks();
    r4_proxy_clear(proxy);
    return figure_ticks(begin);
}

static void delegate_measure(uint32_t slot) {
    struct figure delegate = {"proxy.delegate", 0, {0}};
    struct figure withdraw = {"proxy.withdraw", 0, {0}};
    uint32_t index = PROXY_PAGE * R4_SLOTS_PER_PAGE;
    uint32_t frame = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    must(r4_frame_map_proxies(r4_own(frame), r4_own(r4_info()->slot_pd), PROXY_PAGE), "mapping a proxy page");
    given.proxy = r4_proxy(index);
    given.target = r4_own(slot);
    given.version = r4_version(slot);
    given.grantee = r4_info()->name;
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        figure_add(&delegate, delegate_ticks());
        must(r4_cap_inspect(r4_own(index)).error, "using the proxy");
        figure_add(&withdraw, withdraw_ticks());
    }
    figure_print(&delegate, "", FIGURE_LOCAL);
    figure_print(&withdraw, "", FIGURE_LOCAL);
}

static int64_t inspect_ticks(r4_cap_t cap) {
    uint64_t begin = r4_ticks();
    struct r4_result result = r4_cap_inspect(cap);
    int64_t ticks = figure_ticks(begin);
    must(result.error, "inspect");
    return ticks;
}

/* How much more than the same operation on `notification`, which needs no walk. */
static void invoke_measure(uint32_t notification, uint32_t hops) {
    char name[NAME_SIZE];
    struct figure figure = {name, 0, {0}};
    (void)format(name, sizeof(name), "proxy.invoke.%u", hops);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        int64_t direct = inspect_ticks(r4_own(notification));
        figure_add(&figure, inspect_ticks(chain_entry(hops)) - direct);
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

static void link_measure(void) {
    struct figure figure = {"cap.link.1", 0, {0}};
    uint32_t target = slots_take(1);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_cap_link(chain_entry(1), target);
        figure_add(&figure, figure_ticks(begin));
        must(error, "link");
        must(r4_cap_delete(r4_own(target)), "delete");
    }
    slots_give(target, 1);
    figure_print(&figure, "", FIGURE_LOCAL);
}

void proxies_measure(void) {
    uint32_t notification = memory_create(R4_CAP_NOTIFICATION, 0, 1);
    mint_measure(notification);
    delegate_measure(notification);
    chain_make();
    for (uint32_t hops = 1; hops <= CHAIN_HOPS; hops++) {
        invoke_measure(notification, hops);
    }
    link_measure();
}
