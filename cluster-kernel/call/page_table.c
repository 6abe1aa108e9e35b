/* SPDX-License-Identifier: MIT
 *
 * Page tables: map into an address space, unmap.
 */
#include "object/page_table.h"
#include "call/handlers.h"
#include "sched/shootdown.h"

/* True if the previous table there was unmapped with cap pages that have not left the window yet: object/cap_page.c. */
static bool is_held(const struct pd *pd, uint64_t address, uint64_t level) {
    return level == 1 && window_meets(round_down(address, R4_LARGE_SIZE), R4_LARGE_SIZE) &&
           pd->cap_pages[window_number(address)] != 0;
}

struct outcome sys_page_table_map(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    uint64_t address = invocation->argument[1];
    uint64_t level = invocation->argument[2];
    struct pd *mapped_in;
    uint32_t mapped_at;
    struct pd *pd;
    enum r4_error error = invocation_space(invocation, invocation->argument[0], &pd);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (page_table_find_parent(slot, &mapped_in, &mapped_at) != NULL) {
        return outcome_now(R4_ERR_MAPPED);
    }
    if (level < 1 || level > 3) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    if (address >= R4_USER_END) {
        return outcome_now(R4_ERR_RANGE);
    }
    uint64_t *entry;
    error = invocation_entry(pd, address, (uint32_t)level + 1, &entry);
    if (error == R4_OK && is_held(pd, address, level)) {
        error = R4_ERR_ENTRY;
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    page_table_map(slot, pd, entry, round_down(address, paging_reach((uint32_t)level + 1)), (uint32_t)level);
    return outcome_now(R4_OK);
}

struct outcome sys_page_table_unmap(struct invocation *invocation) {
    struct pd *pd;
    uint32_t level;
    if (page_table_find_parent(invocation->slot, &pd, &level) == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    page_table_unmap(invocation->slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}
