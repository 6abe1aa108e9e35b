/* SPDX-License-Identifier: MIT
 *
 * Derivation: one doubly linked list per tree, in pre-order, with a depth in each slot. A cap's descendants are the run
 * that follows it with greater depth. A child is inserted directly behind its parent; a slot leaves the list only when
 * nothing derives from it, or in place (move). All functions need the cluster lock; none can fail.
 */
#ifndef R4_CORE_DERIVATION_H
#define R4_CORE_DERIVATION_H

#include "slot.h"

/* True if anything derives from slot. */
static inline bool derivation_has_children(uintptr_t direct, const struct r4_slot *slot) {
    const struct r4_slot *next = slot_next(direct, slot);
    return next != NULL && slot_depth(next) > slot_depth(slot);
}

/* Links `child` (filled, linked nowhere) directly behind `behind`, `depth` deep. depth <= R4_DEPTH_MAX, checked by the
 * caller. */
void derivation_insert(uintptr_t direct, struct r4_slot *behind, struct r4_slot *child, uint64_t depth);

/* Takes a slot from which nothing derives out of its list. */
void derivation_unlink(uintptr_t direct, struct r4_slot *slot);

/* Puts the content of `from` into the empty slot `to` (next version there), in place in the list; `from` becomes empty.
 */
void derivation_move(uintptr_t direct, struct r4_slot *from, struct r4_slot *to);

/* The invariants of one tree, checked from `first` to the end of its list: links agree in both directions, no empty
 * slot is linked, depth rises by one step at most behind a parent, TTLs fall from parent to child within one object.
 * Null, or the text of the first one broken. */
const char *derivation_check(uintptr_t direct, const struct r4_slot *first);

#endif
