/* SPDX-License-Identifier: MIT
 *
 * Protection domains: their first state, their name, their end.
 */
#include "object/pd.h"
#include "cluster/cluster.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

struct pd *pd_of(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_PD);
    return (struct pd *)(machine_direct() + slot_object(slot) + R4_PAGE_SIZE);
}

struct pd *pd_find(uint32_t name) {
    return (struct pd *)asid_find(&cluster.asids, name);
}

void pd_init(phys_t object) {
    KERNEL_CHECK(is_aligned(object, 1U << PD_LOG2));
    struct pd *pd = (struct pd *)(machine_direct() + object + R4_PAGE_SIZE);
    pd->root = object;
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
        asid_give(&cluster.asids, pd->window.name);
    }
}
