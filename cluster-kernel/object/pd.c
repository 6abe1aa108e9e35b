/* SPDX-License-Identifier: MIT
 *
 * Protection domains: their first state, their name, their end.
 */
#include "object/pd.h"
#include "cluster/cluster.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

uint64_t *pd_leaf_find(struct pd *pd, uint64_t address) {
    cluster_check_locked();
    uint64_t *entry = paging_entry(machine_direct(), pd->root, address, 1);
    if (entry != NULL) {
        pd->leaf_region = address >> R4_LARGE_BITS;
        pd->leaf_table = entry - paging_index(address, 1);
    }
    return entry;
}

void pd_init(phys_t object) {
    KERNEL_CHECK(is_aligned(object, 1U << PD_LOG2));
    struct pd *pd = (struct pd *)(machine_direct() + object + R4_PAGE_SIZE);
    pd->root = object;
    pd_leaf_forget(pd);
    machine_space_init((void *)(machine_direct() + object));
}

bool pd_name(struct r4_slot *slot, uint32_t pool) {
    KERNEL_CHECK(pd_of(slot)->window.name == 0);
    cluster_check_locked();
    struct pd *pd = pd_of(slot);
    pd->window.name = asid_take(&cluster.asids, pool, &pd->window);
    slot_name_set(slot, pd->window.name);
    return pd->window.name != 0;
}

void pd_destroy(const struct r4_slot *slot) {
    cluster_check_locked();
    struct pd *pd = pd_of(slot);
    if ((slot_flags(slot) & R4_FLAG_CREATING) != 0) { /* nobody has used it, and its memory may not even be zero yet */
        return;
    }
    shootdown_space(machine_core(), pd);
    if (pd->window.name != 0) {
        walk_forget(&cluster.walk_pages, pd->window.name);
        asid_give(&cluster.asids, pd->window.name);
    }
}
