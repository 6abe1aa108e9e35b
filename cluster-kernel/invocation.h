/* SPDX-License-Identifier: MIT
 *
 * What a handler of an operation gets and gives. A handler checks everything first, writes only after its comment
 * "commit", and returns a result; syscall.c alone writes registers.
 */
#ifndef R4_KERNEL_INVOCATION_H
#define R4_KERNEL_INVOCATION_H

#include "cluster.h"
#include "core/resolve.h"
#include "thread.h"

struct outcome {
    uint32_t error; /* enum r4_error */
    uint32_t later; /* 1: the result comes when the operation started now ends */
};
R4_SIZE(struct outcome, 8);

static inline struct outcome outcome_now(enum r4_error error) { return (struct outcome){error, 0}; }
static inline struct outcome outcome_later(void) { return (struct outcome){R4_OK, 1}; }

/* The slot of the caller's own window that an argument names, or null. */
static inline struct r4_slot *invocation_slot(const struct invocation *invocation, uint64_t index) {
    return index > r4_cap_index_max() ? NULL
                                      : window_slot(machine_direct(), invocation->caller->pd->directories, index);
}

/* Why a slot is not a usable cap of `type`: never R4_OK. */
enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type);

/* A usable cap of `type` with `rights` in the slot that an argument names: one look at each of the two words. */
static inline struct resolved invocation_cap(const struct invocation *invocation, uint64_t index, enum r4_cap_type type,
                                             uint64_t rights) {
    const uint64_t looked_at = r4_slot_type_put(r4_slot_type_max()) | r4_slot_flags_put(R4_FLAG_BUSY | R4_FLAG_MAKING);
    struct r4_slot *slot = invocation_slot(invocation, index);
    if (slot == NULL) {
        return (struct resolved){NULL, R4_ERR_ADDRESS};
    }
    if ((slot->word[0] & looked_at) != r4_slot_type_put(type)) {
        enum r4_error refusal = invocation_refusal(slot, type);
        if (refusal == R4_OK) {
            __builtin_unreachable(); /* so that an analyzer knows: no slot, no R4_OK */
        }
        return (struct resolved){NULL, refusal};
    }
    if ((~slot->word[2] & r4_slot_rights_put(rights)) != 0) {
        return (struct resolved){NULL, R4_ERR_RIGHTS};
    }
    return (struct resolved){slot, R4_OK};
}

/* R4_OK if the argument names an empty slot that can be filled; *slot is set. */
static inline enum r4_error invocation_destination(const struct invocation *invocation, uint64_t index,
                                                   struct r4_slot **slot) {
    *slot = invocation_slot(invocation, index);
    return *slot == NULL ? R4_ERR_ADDRESS : slot_free_check(*slot);
}

#endif
