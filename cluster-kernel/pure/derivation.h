/* SPDX-License-Identifier: MIT
 *
 * Derivation: one doubly linked list per tree, in pre-order, with a depth in each slot. A cap's descendants are the run
 * of slots with greater depth that follows it. A child is inserted directly after its parent; a slot leaves the list
 * only when nothing derives from it, or when it moves to another slot, which takes its place. All functions need the
 * cluster lock; none can fail. The release stores of word 0 pair with the loads of user programs: see slot.h.
 */
#ifndef R4_PURE_DERIVATION_H
#define R4_PURE_DERIVATION_H

#include "slot.h"
#include <r4/contract.h>

/* True if anything derives from slot. */
static inline bool derivation_has_children(uintptr_t direct, const struct r4_slot *slot) {
    const struct r4_slot *next = slot_next(direct, slot);
    return next != NULL && slot_depth(next) > slot_depth(slot);
}

/* Makes `prev` and `next` (slot ref, 0: none), which name each other, name the slot with slot ref `own` between them,
 * whose words already name both. XOR with the difference of two slot refs makes what names one name the other. */
static inline void derivation_join(uintptr_t direct, struct r4_slot *prev, uint64_t next, uint64_t own) {
    prev->word[3] ^= r4_slot_next_put(next ^ own);
    if (next != 0) {
        slot_prev_ref_set(slot_at_ref(direct, next), own);
    }
}

/* Joins `prev`, whose slot ref is `own`, with the slot `after` (slot ref, 0: none): the slots between the two have been
 * emptied, or there are none. */
static inline void derivation_join_over(uintptr_t direct, struct r4_slot *prev, uint64_t after, uint64_t own) {
    prev->word[3] = r4_slot_next_set(prev->word[3], after);
    if (after != 0) {
        slot_prev_ref_set(slot_at_ref(direct, after), own);
    }
}

/* Fills `child` (slot_free_check() accepted it) with `content` and inserts it directly after `prev`. content->depth is
 * the depth of its parent + 1 and at most R4_DEPTH_MAX; the caller has checked it. Writes each word of the three slots
 * at most once. */
static inline void derivation_create(uintptr_t direct, struct r4_slot *prev, struct r4_slot *child,
                                     const struct slot_content *content) {
    KERNEL_CHECK(prev != child && content->depth <= slot_depth(prev) + 1);
    uint64_t next = r4_slot_next_get(prev->word[3]);
    slot_fill_linked(child, content, slot_ref_to(direct, prev), next);
    derivation_join(direct, prev, next, slot_ref_to(direct, child));
}

/* Fills the `count` free slots that follow `first` in its page with capabilities like `first`, for the objects that
 * follow its object in memory. In the list they follow `first` in this order. Nothing derives from `first`. */
void derivation_create_more(uintptr_t direct, struct r4_slot *first, uint32_t count);

/* Fills the free slot `child` with a copy of `source`, as its child: the same object, these rights, TTL and badge, no
 * flags. A mapping is not copied: a frame's copy has none. The caller has checked that the depth of `source` is below
 * R4_DEPTH_MAX, `rights` are among those of `source`, and `ttl` is below that of `source`. */
static inline void derivation_copy(uintptr_t direct, struct r4_slot *source, struct r4_slot *child, uint64_t rights,
                                   uint64_t ttl, uint64_t badge) {
    KERNEL_CHECK(slot_free_check(child) == R4_OK && slot_depth(source) < R4_DEPTH_MAX);
    KERNEL_CHECK((rights & ~slot_rights(source)) == 0 && ttl < slot_ttl(source));
    bool frame = slot_type(source) == R4_CAP_FRAME;
    uint64_t next = r4_slot_next_get(source->word[3]);
    uint64_t prev = slot_ref_to(direct, source);
    uint64_t without = slot_rights(source) ^ rights; /* those of `source` that the copy has not */
    uint64_t filled = r4_slot_type_put(slot_type(source)) | r4_slot_ttl_put(ttl) | r4_slot_prev_high_put(prev >> 24);
    child->word[1] = frame ? 0 : badge;
    child->word[2] = ((source->word[2] & ~(frame ? 7ULL : 0)) ^ r4_slot_rights_put(without)) + r4_slot_depth_put(1);
    child->word[3] = r4_slot_next_put(next) | r4_slot_prev_low_put(prev);
    /* Words 1 to 3 before word 0: pairs with the loads of a program that reads its window (slot.h). */
    __atomic_store_n(&child->word[0], child->word[0] + r4_slot_version_put(1) + filled, __ATOMIC_RELEASE);
    derivation_join(direct, source, next, slot_ref_to(direct, child));
}

/* Removes a slot, from which nothing derives, from its list and empties it; the version stays. */
static inline void derivation_remove(uintptr_t direct, struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) != R4_CAP_EMPTY && !derivation_has_children(direct, slot));
    uint64_t prev = slot_prev_ref(slot);
    uint64_t next = r4_slot_next_get(slot->word[3]);
    if (prev != 0) {
        struct r4_slot *before = slot_at_ref(direct, prev);
        before->word[3] = r4_slot_next_set(before->word[3], next);
    }
    if (next != 0) {
        slot_prev_ref_set(slot_at_ref(direct, next), prev);
    }
    slot_clear(slot);
}

/* Moves the content of `from` to the empty slot `to`, whose version rises by one and which takes the place of `from` in
 * the list; `from` becomes empty. Both neighbours name `from`: XOR with the difference of the two slot refs makes them
 * name `to`. */
static inline void derivation_move(uintptr_t direct, struct r4_slot *from, struct r4_slot *to) {
    KERNEL_CHECK(slot_type(from) != R4_CAP_EMPTY && slot_free_check(to) == R4_OK);
    uint64_t prev = slot_prev_ref(from);
    uint64_t next = r4_slot_next_get(from->word[3]);
    uint64_t change = slot_ref_to(direct, from) ^ slot_ref_to(direct, to);
    if (prev != 0) {
        slot_at_ref(direct, prev)->word[3] ^= r4_slot_next_put(change);
    }
    if (next != 0) {
        slot_at_ref(direct, next)->word[3] ^= r4_slot_prev_low_put(change);
        slot_at_ref(direct, next)->word[0] ^= r4_slot_prev_high_put(change >> 24);
    }
    to->word[1] = from->word[1];
    to->word[2] = from->word[2];
    to->word[3] = from->word[3];
    /* Words 1 to 3 before word 0: pairs with the loads of a program that reads its window (slot.h). */
    __atomic_store_n(&to->word[0], r4_slot_version_set(from->word[0], slot_version(to) + 1), __ATOMIC_RELEASE);
    slot_clear(from);
}

/* The object of `from` has ended, and its memory is still in use: `to`, a slot inside that memory which is in no list,
 * takes the place of `from` in the list as R4_CAP_DYING, with its depth. `from` becomes empty. */
static inline void derivation_die(uintptr_t direct, struct r4_slot *from, struct r4_slot *to) {
    KERNEL_CHECK(slot_next_ref(to) == 0 && slot_prev_ref(to) == 0);
    uint64_t prev = slot_prev_ref(from);
    uint64_t own = slot_ref_to(direct, to);
    to->word[0] = r4_slot_type_put(R4_CAP_DYING) | r4_slot_version_put(slot_version(to)) |
                  r4_slot_flags_put(slot_flags(from) & (R4_FLAG_MARKED | R4_FLAG_ROOT | R4_FLAG_STANDS)) |
                  r4_slot_prev_high_put(prev >> 24);
    to->word[1] = 0;
    to->word[2] = r4_slot_depth_put(slot_depth(from));
    to->word[3] = from->word[3];
    if (prev != 0) {
        derivation_join_over(direct, slot_at_ref(direct, prev), own, prev);
    }
    if (slot_next_ref(from) != 0) {
        slot_prev_ref_set(slot_at_ref(direct, slot_next_ref(from)), own);
    }
    slot_clear(from);
}

/* Checks the invariants of one tree, from `first` to the end of its list: the slot refs agree in both directions, no
 * empty slot is in the list, the depth rises by at most one from slot to slot, TTLs fall from parent to child within
 * one object. Returns null, or the text of the first invariant that is broken. */
const char *derivation_check(uintptr_t direct, const struct r4_slot *first);

#endif
