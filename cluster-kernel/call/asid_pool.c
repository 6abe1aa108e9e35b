/* SPDX-License-Identifier: MIT
 *
 * AsidPool: whoever holds such a capability can name as many address spaces as its pool has free asids.
 */
#include "call/handlers.h"

struct outcome sys_asid_pool_assign(struct invocation *invocation) {
    uint32_t pool = slot_asid_pool(invocation->slot);
    struct resolved space = invocation_cap(invocation, invocation->argument[0], R4_CAP_PD, R4_CONTROL, R4_MODIFY);
    if (space.error != R4_OK) {
        return outcome_now(space.error);
    }
    if (pd_of(space.slot)->window.name != 0) {
        return outcome_now(R4_ERR_ASSIGNED);
    }
    if (cluster.asids.pools[pool].first == 0) {
        return outcome_now(R4_ERR_NO_ASID);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    pd_name(space.slot, pool);
    invocation->value = pd_of(space.slot)->window.name;
    return outcome_now(R4_OK);
}
