/* SPDX-License-Identifier: MIT
 *
 * Hanging page tables in and out.
 */
#include "page_table.h"
#include "../shootdown.h"
#include "handlers.h"

/* The entry of the level above that names this table, or null. */
static uint64_t *find_parent(const struct r4_slot *slot, struct pd **pd) {
    struct slot_mapping mapping = slot_mapping_get(slot);
    *pd = mapping.generation == 0 ? NULL : pd_find(mapping.asid, mapping.generation);
    if (*pd == NULL) {
        return NULL;
    }
    for (uint32_t level = 4; level >= 2; level--) {
        uint64_t *entry = paging_entry(machine_direct(), (*pd)->root, mapping.address, level);
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
    uint64_t *entry = find_parent(slot, &pd);
    if (entry != NULL) {
        *entry = 0;
        pd_window_refresh(pd);
        shootdown_note(pd);
    }
    slot_mapping_clear(slot);
}

/* Zeroed here, not when it is unhooked: whatever it held then is in nobody's way until it is used again. */
void page_table_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address) {
    machine_zero((void *)(machine_direct() + slot_object(slot)), R4_PAGE_SIZE);
    *entry = paging_table(slot_object(slot));
    slot_mapping_set(slot, (struct slot_mapping){address, pd->asid, pd->generation});
    pd_window_refresh(pd);
}

struct outcome page_table_map_call(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    uint64_t address = invocation->argument[1];
    uint64_t level = invocation->argument[2];
    struct pd *hangs_in;
    struct resolved space = invocation_cap(invocation, invocation->argument[0], R4_CAP_PD, R4_CONTROL);
    if (space.error != R4_OK) {
        return outcome_now(space.error);
    }
    if (find_parent(slot, &hangs_in) != NULL) {
        return outcome_now(R4_ERR_MAPPED);
    }
    if (level < 1 || level > 3) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    if (address >= R4_USER_END) {
        return outcome_now(R4_ERR_RANGE);
    }
    struct pd *pd = pd_of(space.slot);
    uint64_t *entry = paging_entry(machine_direct(), pd->root, address, (uint32_t)level + 1);
    if (entry == NULL) {
        return outcome_now(R4_ERR_NO_TABLE);
    }
    if ((*entry & PAGING_PRESENT) != 0) {
        return outcome_now(R4_ERR_ENTRY);
    }
    /* commit */
    page_table_map(slot, pd, entry, round_down(address, paging_reach((uint32_t)level + 1)));
    return outcome_now(R4_OK);
}

struct outcome page_table_unmap_call(struct invocation *invocation) {
    struct pd *pd;
    if (find_parent(invocation->slot, &pd) == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    /* commit */
    page_table_unmap(invocation->slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}
