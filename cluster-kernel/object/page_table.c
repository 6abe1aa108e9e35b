/* SPDX-License-Identifier: MIT
 *
 * Mapping and unmapping of page tables. The window of a PD lists the level-1 tables in it, so both keep that list.
 */
#include "object/page_table.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

uint64_t *page_table_find_parent(const struct r4_slot *slot, struct pd **pd, uint32_t *level) {
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
    uint64_t *entry = page_table_find_parent(slot, &pd, &level);
    if (entry != NULL) {
        uint64_t address = slot_mapping_get(slot).address;
        struct window_tables gone = window_tables_in(address, paging_reach(level));
        machine_zero(&pd->window.tables[gone.first], gone.count * sizeof(pd->window.tables[0]));
        pd_leaf_forget(pd);
        walk_forget(&cluster.walk_pages, pd->window.name);
        *entry = 0;
        shootdown_note(pd);
    }
    slot_mapping_clear(slot);
}

/* Zeroed here, not when it is unmapped: old entries harm nobody until the table is used again. */
void page_table_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address, uint32_t level) {
    KERNEL_CHECK(level >= 1 && level <= 3 && (*entry & PAGING_PRESENT) == 0);
    uint64_t *table = (uint64_t *)(machine_direct() + slot_object(slot));
    machine_zero(table, R4_PAGE_SIZE);
    if (level == 1) {
        window_table_add(&pd->window, address, table);
    }
    *entry = paging_table(slot_object(slot));
    slot_mapping_set(slot, (struct slot_mapping){address, pd->window.name});
}
