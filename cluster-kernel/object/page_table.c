/* SPDX-License-Identifier: MIT
 *
 * Hanging page tables in and out.
 */
#include "object/page_table.h"
#include "call/handlers.h"
#include "sched/shootdown.h"

/* The entry that names this table, and of which level that is; or null. */
static uint64_t *find_parent(const struct r4_slot *slot, struct pd **pd, uint32_t *level) {
    struct slot_mapping mapping = slot_mapping_get(slot);
    *pd = mapping.name == 0 ? NULL : pd_find(mapping.name);
    if (*pd == NULL) {
        return NULL;
    }
    for (*level = 4; *level >= 2; --*level) {
        uint64_t *entry = paging_entry(machine_direct(), (*pd)->root, mapping.address, *level);
        if (entry == NULL) {
            return NULL;
        }
        if ((*entry & (PAGING_PRESENT | PAGING_LARGE)) == PAGING_PRESENT &&
            (*entry & PAGING_ADDRESS) == slot_object(slot)) {
            return entry;
        }
    }
    return NULL;
}

void page_table_unmap(struct r4_slot *slot) {
    struct pd *pd;
    uint32_t level;
    uint64_t *entry = find_parent(slot, &pd, &level);
    if (entry != NULL) {
        uint64_t address = slot_mapping_get(slot).address;
        struct window_tables gone = window_tables_in(address, paging_reach(level));
        machine_zero(&pd->window.tables[gone.first], gone.count * sizeof(pd->window.tables[0]));
        *entry = 0;
        shootdown_note(pd);
    }
    slot_mapping_clear(slot);
}

/* Zeroed here, not when it is unhooked: whatever it held then is in nobody's way until it is used again. */
void page_table_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address, uint32_t level) {
    uint64_t *table = (uint64_t *)(machine_direct() + slot_object(slot));
    machine_zero(table, R4_PAGE_SIZE);
    if (level == 1) {
        window_table_add(&pd->window, address, table);
    }
    *entry = paging_table(slot_object(slot));
    slot_mapping_set(slot, (struct slot_mapping){address, pd->window.name});
}

/* A page that it would cover was lost with the table before and has not left the window yet: see cap_page.c. */
static bool is_held(const struct pd *pd, uint64_t address, uint64_t level) {
    return level == 1 && window_meets(round_down(address, R4_LARGE_SIZE), R4_LARGE_SIZE) &&
           pd->cap_pages[window_number(address)] != 0;
}

struct outcome sys_page_table_map(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    uint64_t address = invocation->argument[1];
    uint64_t level = invocation->argument[2];
    struct pd *hangs_in;
    uint32_t hangs_at;
    struct pd *pd;
    enum r4_error error = invocation_space(invocation, invocation->argument[0], &pd);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (find_parent(slot, &hangs_in, &hangs_at) != NULL) {
        return outcome_now(R4_ERR_MAPPED);
    }
    if (level < 1 || level > 3) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    if (address >= R4_USER_END) {
        return outcome_now(R4_ERR_RANGE);
    }
    uint64_t *entry = paging_entry(machine_direct(), pd->root, address, (uint32_t)level + 1);
    if (entry == NULL) {
        return outcome_now(R4_ERR_NO_TABLE);
    }
    if ((*entry & PAGING_PRESENT) != 0 || is_held(pd, address, level)) {
        return outcome_now(R4_ERR_ENTRY);
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
    if (find_parent(invocation->slot, &pd, &level) == NULL) {
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
