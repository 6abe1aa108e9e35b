/* SPDX-License-Identifier: MIT
 *
 * The derivation list: move in place, check.
 */
#include "derivation.h"

void derivation_move(uintptr_t direct, struct r4_slot *from, struct r4_slot *to) {
    uint64_t version = slot_version(to) + 1;
    struct r4_slot *prev = slot_prev(direct, from);
    struct r4_slot *next = slot_next(direct, from);
    to->word[1] = from->word[1];
    to->word[2] = from->word[2];
    to->word[3] = from->word[3];
    __atomic_store_n(&to->word[0], r4_slot_version_set(from->word[0], version), __ATOMIC_RELEASE);
    if (prev != NULL) {
        slot_next_set(direct, prev, to);
    }
    if (next != NULL) {
        slot_prev_set(direct, next, to);
    }
    slot_clear(from);
}

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
