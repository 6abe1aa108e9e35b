/* SPDX-License-Identifier: MIT
 *
 * Cap pages: map into a window, unmap.
 */
#include "object/cap_page.h"
#include "call/handlers.h"
#include "sched/shootdown.h"

struct outcome sys_cap_page_map(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    uint64_t page = invocation->argument[1];
    struct pd *pd;
    enum r4_error error = invocation_space(invocation, invocation->argument[0], &pd);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (cap_page_find_pd(slot) != NULL) {
        return outcome_now(R4_ERR_MAPPED);
    }
    if (page >= WINDOW_PAGES) {
        return outcome_now(R4_ERR_RANGE);
    }
    /* A full slot needs a version above the floor, a receive slot one more. */
    if (pd->version_floor >= R4_VERSION_MAX - 1) {
        return outcome_now(R4_ERR_RETIRED);
    }
    uint64_t address = window_page_address(page);
    uint64_t *entry;
    error = invocation_entry(pd, address, 1, &entry);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    cap_page_map(slot, pd, entry, address);
    return outcome_now(R4_OK);
}

struct outcome sys_cap_page_unmap(struct invocation *invocation) {
    if (cap_page_find_pd(invocation->slot) == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    cap_page_unmap(invocation->slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}
