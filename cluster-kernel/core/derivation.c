/* SPDX-License-Identifier: MIT
 *
 * The invariants of the derivation list.
 */
#include "derivation.h"

/* A copy shares its source's object and must be below its TTL; a retyped object starts anew. */
static bool same_object(const struct r4_slot *a, const struct r4_slot *b) {
    return slot_type(a) == slot_type(b) && slot_object(a) == slot_object(b) && slot_size_log2(a) == slot_size_log2(b) &&
           (slot_flags(b) & R4_FLAG_ORIGINAL) == 0;
}

const char *derivation_check(uintptr_t direct, const struct r4_slot *first) {
    const struct r4_slot *parents[R4_DEPTH_MAX + 1] = {NULL}; /* the last slot seen at each depth */
    const struct r4_slot *prev = slot_prev(direct, first);
    for (const struct r4_slot *slot = first; slot != NULL; slot = slot_next(direct, slot)) {
        uint64_t depth = slot_depth(slot);
        if (slot_prev(direct, slot) != prev) {
            return "a slot's previous link does not name its predecessor";
        }
        if (slot != first && depth > slot_depth(prev) + 1) {
            return "a depth rises by more than one step";
        }
        if (slot_type(slot) == R4_CAP_EMPTY || slot_type(slot) == R4_CAP_HEADER) {
            return "an empty slot or a header is linked";
        }
        const struct r4_slot *parent = depth == 0 ? NULL : parents[depth - 1];
        if (parent != NULL && same_object(parent, slot) && slot_type(slot) != R4_CAP_INTERNAL &&
            slot_ttl(slot) >= slot_ttl(parent)) {
            return "a TTL does not fall from parent to child";
        }
        parents[depth] = slot;
        prev = slot;
        if (slot_next(direct, slot) == first) {
            return "the list is closed into a ring";
        }
    }
    return NULL;
}
