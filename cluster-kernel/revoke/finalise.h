/* SPDX-License-Identifier: MIT
 *
 * The end of one capability, whatever its type; the caller holds the cluster lock.
 */
#ifndef R4_KERNEL_FINALISE_H
#define R4_KERNEL_FINALISE_H

#include "pure/derivation.h"
#include "sched/operation.h"

/* Undoes what a cap means besides itself: a mapping, a reference, the object if this is its original cap. Bounded. */
void finalise(struct r4_slot *slot);

/* True if there is nothing to undo: most caps. */
static inline bool finalise_is_trivial(const struct r4_slot *slot) {
    const uint64_t always = 1U << R4_CAP_UNTYPED | 1U << R4_CAP_PEER | 1U << R4_CAP_DEBUG | 1U << R4_CAP_NOTIFICATION |
                            1U << R4_CAP_ASID_POOL;
    const uint64_t copies = 1U << R4_CAP_PD | 1U << R4_CAP_THREAD;
    uint64_t type = 1ULL << slot_type(slot);
    return (type & always) != 0 || ((type & copies) != 0 && (slot_flags(slot) & R4_FLAG_ORIGINAL) == 0) ||
           (slot_type(slot) == R4_CAP_FRAME && !slot_has_mapping(slot));
}

/* Removes a linked slot from which nothing derives: undoes what it means, unlinks and empties it. */
static inline void finalise_and_remove(struct r4_slot *slot) {
    if (!finalise_is_trivial(slot)) {
        finalise(slot);
    }
    operation_slot_unlink(slot);
}

/* True if removing such a cap may leave more to do than finalise_and_remove() does itself, so that it needs an
 * operation.
 */
bool finalise_needs_operation(const struct r4_slot *slot);

#endif
