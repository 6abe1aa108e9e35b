/* SPDX-License-Identifier: MIT
 *
 * Capabilities that arguments name: what is not the quick way.
 */
#include "call/invocation.h"
#include "pure/resolve.h"

enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type) {
    if (slot_type(slot) != type) {
        return slot_type(slot) == R4_CAP_EMPTY ? R4_ERR_EMPTY : R4_ERR_TYPE;
    }
    return R4_ERR_BUSY;
}

struct resolved invocation_cap_through(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t through) {
    const struct resolve_place place = {machine_direct(), own_cap_key(), &cluster.asids};
    uint64_t most = R4_TTL_MAX - (invocation->chain == NULL ? 0 : invocation->chain->hops);
    struct chain chain;
    struct resolved resolved = resolve_chain(&place, &invocation->caller->pd->window, cap, most, &chain);
    if (resolved.slot == NULL) {
        return resolved;
    }
    bool busy = (slot_flags(resolved.slot) & (R4_FLAG_BUSY | R4_FLAG_CREATING)) != 0;
    if (busy || slot_type(resolved.slot) != type) {
        return (struct resolved){NULL, invocation_refusal(resolved.slot, type)};
    }
    if (chain.hops != 0 && through == RIGHT_NONE_HAS) {
        return (struct resolved){NULL, R4_ERR_PROXY};
    }
    if (chain.hops != 0 && chain.once != NULL) {
        return (struct resolved){NULL, R4_ERR_ONCE};
    }
    uint64_t has = chain.hops == 0 ? slot_rights(resolved.slot) : chain_rights(&chain);
    uint64_t needs = chain.hops == 0 ? rights : rights | through;
    return (~has & needs) != 0 ? (struct resolved){NULL, R4_ERR_RIGHTS} : resolved;
}
