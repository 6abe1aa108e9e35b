/* SPDX-License-Identifier: MIT
 *
 * The derivation list: a run of new capabilities, and the invariants.
 */
#include "derivation.h"
#include <r4/contract.h>

/* Words 2 and 3 rise by the same amounts from slot to slot: the object by its size, both slot refs by one. Word 0 of a
 * free slot holds its version and zeros. */
void derivation_create_more(uintptr_t direct, struct r4_slot *first, uint32_t count) {
    KERNEL_CHECK(!derivation_has_children(direct, first));
    uint64_t own = slot_ref_to(direct, first);
    uint64_t next = r4_slot_next_get(first->word[3]);
    uint64_t filled = r4_slot_prev_high_set(r4_slot_version_set(first->word[0], 1), own >> 24);
    uint64_t badge = first->word[1];
    uint64_t word2 = first->word[2];
    uint64_t word3 = r4_slot_next_put(own + 1) | r4_slot_prev_low_put(own - 1);
    uint64_t size = r4_slot_object_put(1ULL << slot_size_log2(first) >> 6);
    struct r4_slot *last = first + count;
#pragma GCC unroll 4
    for (struct r4_slot *slot = first + 1; slot <= last; slot++) {
        word2 += size;
        word3 += r4_slot_next_put(1) + r4_slot_prev_low_put(1);
        slot->word[1] = badge;
        slot->word[2] = word2;
        slot->word[3] = word3;
        /* Words 1 to 3 before word 0: pairs with the loads of a program that reads its window (slot.h). */
        __atomic_store_n(&slot->word[0], slot->word[0] + filled, __ATOMIC_RELEASE);
    }
    first->word[3] = r4_slot_next_set(first->word[3], own + 1);
    derivation_join_over(direct, last, next, own + count);
}

/* True if `b` is a copy: it shares the object of `a` and must be below its TTL. A retyped object has a TTL of its
 * own. */
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
