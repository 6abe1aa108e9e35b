/* SPDX-License-Identifier: MIT
 *
 * What a handler of an operation gets and returns. A handler checks everything first, writes only after its comment
 * "commit", and returns a result; syscall.c alone writes registers. The first call after "commit" is
 * invocation_commit(), unless the operation's row in the table excludes proxies, or the handler excludes single-use
 * ones. All functions need the cluster lock.
 */
#ifndef R4_KERNEL_INVOCATION_H
#define R4_KERNEL_INVOCATION_H

#include "object/pd.h"
#include "object/thread.h"
#include "pure/resolve.h"

#define RIGHT_NONE_HAS (R4_ALL_RIGHTS + 1) /* no proxy has it: for what must be named directly */

struct outcome {
    uint32_t error; /* enum r4_error */
    uint32_t later; /* 1: the result follows when the operation started now ends */
};
R4_SIZE(struct outcome, 8);

static inline struct outcome outcome_now(enum r4_error error) { return (struct outcome){error, 0}; }
static inline struct outcome outcome_later(void) { return (struct outcome){R4_OK, 1}; }

/* The slot in a cap page of the caller's own window that an argument names, or null. */
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

/* True if the call came through a single-use proxy: for operations that can still fail after their commit. */
static inline bool invocation_is_once(const struct invocation *invocation) {
    return invocation->chain != NULL && invocation->chain->once != NULL;
}

/* All checks have passed: uses up the single-use proxy that the call came through, if there is one. False, and nothing
 * is changed, if that proxy has been used or written meanwhile: the handler returns R4_ERR_CHANGED. */
static inline bool invocation_commit(const struct invocation *invocation) {
    return invocation->chain == NULL || invocation->chain->once == NULL || chain_consume(invocation->chain);
}

/* Why a slot is not a usable cap of `type`: R4_ERR_EMPTY, R4_ERR_BUSY or R4_ERR_TYPE. */
enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type);

/* The same as invocation_cap(), for an address that is not of a slot in a cap page of the caller's own window. A call
 * takes at most R4_TTL_MAX hops in all: an argument's chain may use those that the invoked capability's chain has
 * left. */
struct resolved invocation_cap_through(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t via_proxy);

/* The usable cap of `type` that an argument names. It needs `rights`, and also `via_proxy` if it is reached through
 * proxies. Reads words 0 and 2 once each. Errors: those of resolve_chain() and invocation_refusal(), R4_ERR_RIGHTS,
 * R4_ERR_PROXY (via_proxy is RIGHT_NONE_HAS), R4_ERR_ONCE (no single-use proxy can be used for an argument). */
static inline struct resolved invocation_cap(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                             uint64_t rights, uint64_t via_proxy) {
    struct r4_slot *slot;
    if (unlikely(!resolve_direct(machine_direct(), &invocation->caller->pd->window, own_cap_key(), cap, &slot))) {
        return invocation_cap_through(invocation, cap, type, rights, via_proxy);
    }
    if (unlikely(!slot_is_usable(slot, type))) {
        enum r4_error refusal = invocation_refusal(slot, type);
        if (refusal == R4_OK) {
            refusal = R4_ERR_TYPE; /* tells an analyzer that a null slot comes with an error */
        }
        return (struct resolved){NULL, refusal};
    }
    if (unlikely(slot_lacks(slot, r4_slot_rights_put(rights)))) {
        return (struct resolved){NULL, R4_ERR_RIGHTS};
    }
    return (struct resolved){slot, R4_OK};
}

/* The address space that an argument names, in order to map something there: R4_OK sets *pd. R4_ERR_NO_ASID: it has no
 * name. */
static inline enum r4_error invocation_space(const struct invocation *invocation, uint64_t cap, struct pd **pd) {
    struct resolved space = invocation_cap(invocation, cap, R4_CAP_PD, R4_CONTROL, 0);
    if (space.error != R4_OK) {
        return space.error;
    }
    *pd = pd_of(space.slot);
    return (*pd)->window.name == 0 ? R4_ERR_NO_ASID : R4_OK;
}

/* The free entry of `level` for `address`, in order to map something there: R4_OK sets *entry. R4_ERR_NO_TABLE: a table
 * on the way is missing. R4_ERR_ENTRY: something is mapped there. */
static inline enum r4_error invocation_entry(struct pd *pd, uint64_t address, uint32_t level, uint64_t **entry) {
    *entry = level == 1 ? pd_leaf(pd, address) : paging_entry(machine_direct(), pd->root, address, level);
    if (unlikely(*entry == NULL)) {
        return R4_ERR_NO_TABLE;
    }
    return unlikely((**entry & PAGING_PRESENT) != 0) ? R4_ERR_ENTRY : R4_OK;
}

/* R4_OK if the argument names an empty slot that can be filled; *slot is set. */
static inline enum r4_error invocation_destination(const struct invocation *invocation, uint64_t index,
                                                   struct r4_slot **slot) {
    *slot = invocation_slot(invocation, index);
    return likely(*slot != NULL) ? slot_free_check(*slot) : R4_ERR_ADDRESS;
}

#endif
