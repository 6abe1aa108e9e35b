/* SPDX-License-Identifier: MIT
 *
 * What a handler of an operation gets and gives. A handler checks everything first, writes only after its comment
 * "commit", and returns a result; syscall.c alone writes registers. The first thing behind "commit" is
 * invocation_commit(), unless proxies are kept out by the operation's row in the table, or single-use ones by the
 * handler.
 */
#ifndef R4_KERNEL_INVOCATION_H
#define R4_KERNEL_INVOCATION_H

#include "cluster/cluster.h"
#include "object/thread.h"
#include "pure/resolve.h"

#define RIGHT_NONE_HAS (R4_ALL_RIGHTS + 1) /* what needs it goes through no proxies */

struct outcome {
    uint32_t error; /* enum r4_error */
    uint32_t later; /* 1: the result comes when the operation started now ends */
};
R4_SIZE(struct outcome, 8);

static inline struct outcome outcome_now(enum r4_error error) { return (struct outcome){error, 0}; }
static inline struct outcome outcome_later(void) { return (struct outcome){R4_OK, 1}; }

/* The slot of the caller's own window that an argument names, or null. */
static inline struct r4_slot *invocation_slot(const struct invocation *invocation, uint64_t index) {
    return index > r4_cap_index_max() ? NULL : window_slot(machine_direct(), &invocation->caller->pd->window, index);
}

/* Rights and TTL with which the capability was invoked: its own, or what the chain of proxies leaves of them. */
static inline uint64_t invocation_rights(const struct invocation *invocation) {
    return invocation->chain == NULL ? slot_rights(invocation->slot) : chain_rights(invocation->chain);
}
static inline uint64_t invocation_ttl(const struct invocation *invocation) {
    return invocation->chain == NULL ? slot_ttl(invocation->slot) : chain_ttl(invocation->chain);
}

/* Came through a single-use proxy: for operations that may still fail when it would have been used up. */
static inline bool invocation_is_once(const struct invocation *invocation) {
    return invocation->chain != NULL && invocation->chain->once != NULL;
}

/* The checks are passed: uses up the single-use proxy that the call came through, if there is one. False, and nothing
 * has changed: it was used or written to meanwhile, R4_ERR_CHANGED. */
static inline bool invocation_commit(const struct invocation *invocation) {
    return invocation->chain == NULL || chain_consume(invocation->chain);
}

/* Why a slot is not a usable cap of `type`: never R4_OK. */
enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type);

/* The same as invocation_cap() for an address that is none of a slot in a cap page of the caller. A call takes
 * R4_TTL_MAX hops at most in all: the argument's chain has those that the invoked capability's has left. */
struct resolved invocation_cap_through(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t through);

/* A usable cap of `type` with `rights`, and with `through` besides if it is reached through proxies, that an argument
 * names: one look at each of the two words. A single-use proxy does not serve for an argument: R4_ERR_ONCE. */
static inline struct resolved invocation_cap(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                             uint64_t rights, uint64_t through) {
    struct r4_slot *slot;
    if (!resolve_direct(machine_direct(), &invocation->caller->pd->window, own_cap_key(), cap, &slot)) {
        return invocation_cap_through(invocation, cap, type, rights, through);
    }
    if (!slot_is_usable(slot, type)) {
        enum r4_error refusal = invocation_refusal(slot, type);
        if (refusal == R4_OK) {
            __builtin_unreachable(); /* so that an analyzer knows: no slot, no R4_OK */
        }
        return (struct resolved){NULL, refusal};
    }
    if (slot_lacks(slot, r4_slot_rights_put(rights))) {
        return (struct resolved){NULL, R4_ERR_RIGHTS};
    }
    return (struct resolved){slot, R4_OK};
}

/* The address space that an argument names, to map something there. */
static inline enum r4_error invocation_space(const struct invocation *invocation, uint64_t cap, struct pd **pd) {
    struct resolved space = invocation_cap(invocation, cap, R4_CAP_PD, R4_CONTROL, 0);
    if (space.error != R4_OK) {
        return space.error;
    }
    *pd = pd_of(space.slot);
    return (*pd)->window.name == 0 ? R4_ERR_NO_ASID : R4_OK;
}

/* R4_OK if the argument names an empty slot that can be filled; *slot is set. */
static inline enum r4_error invocation_destination(const struct invocation *invocation, uint64_t index,
                                                   struct r4_slot **slot) {
    *slot = invocation_slot(invocation, index);
    return *slot == NULL ? R4_ERR_ADDRESS : slot_free_check(*slot);
}

#endif
