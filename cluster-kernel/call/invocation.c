/* SPDX-License-Identifier: MIT
 *
 * Capabilities that arguments name: the parts that are out of line.
 */
#include "call/invocation.h"
#include "pure/resolve.h"
#include <r4/contract.h>

enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type) {
    KERNEL_CHECK(!slot_is_usable(slot, type));
    if (slot_type(slot) == R4_CAP_EMPTY) {
        return R4_ERR_EMPTY;
    }
    return (slot_flags(slot) & SLOT_BUSY) != 0 ? R4_ERR_BUSY : R4_ERR_TYPE;
}

struct resolved invocation_cap_through(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t via_proxy) {
    /* Without remembered pages: they save little where a call has been long, and cost most in a walk that is new. */
    const struct resolve_place place = {machine_direct(), own_cap_key(), &cluster.asids, NULL};
    uint64_t most = R4_TTL_MAX - (invocation->chain == NULL ? 0 : invocation->chain->hops);
    struct chain chain;
    struct resolved resolved = resolve_chain(&place, &invocation->caller->pd->window, cap, most, &chain);
    if (resolved.slot == NULL) {
        return resolved;
    }
    if (!slot_is_usable(resolved.slot, type)) {
        return (struct resolved){NULL, invocation_refusal(resolved.slot, type)};
    }
    if (chain.hops != 0 && via_proxy == RIGHT_NONE_HAS) {
        return (struct resolved){NULL, R4_ERR_PROXY};
    }
    uint64_t has = chain.hops == 0 ? slot_rights(resolved.slot) : chain_rights(&chain);
    uint64_t needs = chain.hops == 0 ? rights : rights | via_proxy;
    if ((~has & needs) != 0) {
        return (struct resolved){NULL, R4_ERR_RIGHTS};
    }
    if (chain.hops != 0 && chain.once != NULL) {
        return (struct resolved){NULL, R4_ERR_ONCE};
    }
    return resolved;
}
