/* SPDX-License-Identifier: MIT
 *
 * Figures of proxies: what an invocation through them costs more than the same one of a capability in the own window.
 */
#include "bench/proxies.h"
#include "bench/chain.h"
#include "bench/figure.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/x86/clock.h"
#include <r4/format.h>

#define NAME_SIZE 32U

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

static uint64_t inspect_ticks(uint64_t address) {
    uint64_t begin = r4_ticks();
    struct r4_result result = r4_syscall(address, R4_OP_INSPECT, 0, 0, 0, 0);
    uint64_t ticks = figure_ticks(begin);
    must(result.error, "inspect");
    return ticks;
}

/* More than the same operation on `notification`, which needs no walk. */
static void invoke_measure(uint32_t notification, uint32_t hops) {
    char name[NAME_SIZE];
    struct figure figure = {name, 0, {0}};
    (void)format(name, sizeof(name), "proxy.invoke.%u", hops);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t direct = inspect_ticks(r4_own(notification));
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
    uint32_t notification = memory_make(R4_CAP_NOTIFICATION, 0, 1);
    mint_measure(notification);
    chain_make();
    for (uint32_t hops = 1; hops <= CHAIN_HOPS; hops++) {
        invoke_measure(notification, hops);
    }
    link_measure();
}
