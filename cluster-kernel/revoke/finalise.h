/* SPDX-License-Identifier: MIT
 *
 * The end of one capability of any type. The caller holds the cluster lock and has checked that nothing derives from
 * the slot; it flushes (shootdown.h) before it gives the lock back.
 */
#ifndef R4_KERNEL_FINALISE_H
#define R4_KERNEL_FINALISE_H

#include "pure/derivation.h"
#include "sched/operation.h"

/* Ends what a cap stands for: its mapping, its reference, and the object if this is its original cap. Null: the slot
 * stays filled. Else the object's memory is still in use: the slot, now empty, has been replaced by this one inside the
 * object, of type R4_CAP_DYING. Bounded. */
struct r4_slot *finalise(struct r4_slot *slot);

/* True if finalise() has nothing to do, as for most caps. */
static inline bool finalise_is_trivial(const struct r4_slot *slot) {
    const uint64_t always = 1U << R4_CAP_UNTYPED | 1U << R4_CAP_PEER | 1U << R4_CAP_DEBUG | 1U << R4_CAP_NOTIFICATION |
                            1U << R4_CAP_ASID_POOL;
    const uint64_t copies = 1U << R4_CAP_PD | 1U << R4_CAP_THREAD;
    uint64_t type = 1ULL << slot_type(slot);
    return (type & always) != 0 || ((type & copies) != 0 && (slot_flags(slot) & R4_FLAG_ORIGINAL) == 0) ||
           (slot_type(slot) == R4_CAP_FRAME && !slot_has_mapping(slot));
}

/* Finalises a slot from which nothing derives, removes it from its list and empties it. Null, or the slot that has
 * taken its place in the list, as finalise() returns it. */
static inline struct r4_slot *finalise_and_remove(struct r4_slot *slot) {
    struct r4_slot *dying = finalise_is_trivial(slot) ? NULL : finalise(slot);
    if (dying == NULL) {
        operation_slot_unlink(slot);
    }
    return dying;
}

/* True if the removal of such a cap is more than one step: what it lends has to come back, what it holds to be
 * removed. */
static inline bool finalise_needs_operation(const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_REMOTE_REF || slot_type(slot) == R4_CAP_CAP_PAGE;
}

#endif
