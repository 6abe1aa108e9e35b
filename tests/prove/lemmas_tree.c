/* SPDX-License-Identifier: MIT
 *
 * Whole derivation trees of up to four slots, with any depths: after an operation the list is again the pre-order of a
 * tree, in which every slot has the same parent as before. Each slot is tried as the one on which the operation works.
 * The list runs upwards in memory; this makes no difference to the code, which never compares references.
 */
#include "lemma.h"
#include "pure/derivation.h"

enum { FREE = 4, SLOTS };

struct r4_slot list[SLOTS];

/* The tree's slots in the order of the list. */
struct order {
    uint32_t slots[SLOTS];
    uint32_t count;
};

static inline uintptr_t direct_of(uint64_t base) { return (uintptr_t)list - base * R4_SLOT_SIZE; }

/* The first `count` slots, with `with` (SLOTS: no slot) after `at`, and with or without `at` itself. */
static inline struct order order_of(uint32_t count, uint32_t at, uint32_t with, bool stays) {
    struct order order = {{0}, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (i != at || stays) {
            order.slots[order.count++] = i;
        }
        if (i == at && with != SLOTS) {
            order.slots[order.count++] = with;
        }
    }
    return order;
}

/* The list agrees in both directions; a depth is at most one more than that before it, and more than the root's. */
static inline bool is_tree(uint64_t base, const struct order *order) {
    bool good = true;
    for (uint32_t i = 0; i < order->count; i++) {
        const struct r4_slot *slot = &list[order->slots[i]];
        const struct r4_slot *root = &list[order->slots[0]];
        const struct r4_slot *before = &list[order->slots[i == 0 ? 0 : i - 1]];
        uint64_t prev = i == 0 ? 0 : base + order->slots[i - 1];
        uint64_t next = i + 1 == order->count ? 0 : base + order->slots[i + 1];
        good &= slot_prev_ref(slot) == prev;
        good &= slot_next_ref(slot) == next;
        good &= i == 0 || slot_depth(slot) <= slot_depth(before) + 1;
        good &= i == 0 || slot_depth(slot) > slot_depth(root);
    }
    return good;
}

/* The nearest slot before it that has a smaller depth; SLOTS: it is the root. */
static inline uint32_t parent(const struct order *order, uint32_t slot) {
    uint32_t found = SLOTS;
    bool passed = false;
    for (uint32_t i = order->count; i-- > 0;) {
        bool smaller = slot_depth(&list[order->slots[i]]) < slot_depth(&list[slot]);
        found = passed && found == SLOTS && smaller ? order->slots[i] : found;
        passed |= order->slots[i] == slot;
    }
    return found;
}

struct parents {
    uint32_t of[SLOTS];
};
static inline struct parents parents_in(const struct order *order) {
    struct parents parents;
    for (uint32_t i = 0; i < SLOTS; i++) {
        parents.of[i] = SLOTS;
    }
    for (uint32_t i = 0; i < order->count; i++) {
        parents.of[order->slots[i]] = parent(order, order->slots[i]);
    }
    return parents;
}

static inline bool is_same(const struct parents *a, const struct parents *b) {
    bool same = true;
    for (uint32_t i = 0; i < SLOTS; i++) {
        same &= a->of[i] == b->of[i];
    }
    return same;
}

static inline bool good_before(uint64_t base, uint32_t at, const struct order *order) {
    return base != 0 && base <= SLOT_REF_MAX - SLOTS && at < order->count && is_tree(base, order) &&
           is_free(&list[FREE]);
}

/* A copy is its source's child. */
bool lemma_tree_copy(uint64_t base, uint32_t count, uint32_t at, uint64_t rights, uint64_t ttl, uint64_t badge) {
    GIVEN(count <= FREE && at < count)
    struct order order = order_of(count, SLOTS, SLOTS, true);
    GIVEN(good_before(base, at, &order) && slot_depth(&list[at]) < R4_DEPTH_MAX && rights < 4096 && ttl < 16)
    struct parents expected = parents_in(&order);
    expected.of[FREE] = at;
    derivation_copy(direct_of(base), &list[at], &list[FREE], rights, ttl, badge);
    order = order_of(count, at, FREE, true);
    struct parents parents = parents_in(&order);
    CLAIM(is_tree(base, &order) && is_same(&parents, &expected));
}

/* A slot without children can be removed. */
bool lemma_tree_remove(uint64_t base, uint32_t count, uint32_t at) {
    GIVEN(count <= FREE && at < count)
    struct order order = order_of(count, SLOTS, SLOTS, true);
    GIVEN(good_before(base, at, &order) && !derivation_has_children(direct_of(base), &list[at]))
    struct parents expected = parents_in(&order);
    expected.of[at] = SLOTS;
    derivation_remove(direct_of(base), &list[at]);
    order = order_of(count, at, SLOTS, false);
    struct parents parents = parents_in(&order);
    CLAIM(is_tree(base, &order) && is_same(&parents, &expected));
}

/* The new slot of a capability that moves takes the place of the old one, also as a parent. */
bool lemma_tree_move(uint64_t base, uint32_t count, uint32_t at) {
    GIVEN(count <= FREE && at < count)
    struct order order = order_of(count, SLOTS, SLOTS, true);
    GIVEN(good_before(base, at, &order))
    struct parents was = parents_in(&order);
    struct parents expected = was;
    for (uint32_t i = 0; i < FREE; i++) {
        expected.of[i] = was.of[i] == at ? FREE : was.of[i];
    }
    expected.of[FREE] = was.of[at];
    expected.of[at] = SLOTS;
    derivation_move(direct_of(base), &list[at], &list[FREE]);
    order = order_of(count, at, FREE, false);
    struct parents parents = parents_in(&order);
    CLAIM(is_tree(base, &order) && is_same(&parents, &expected));
}

/* A slot has children if it is the parent of some other slot. */
bool lemma_tree_children(uint64_t base, uint32_t count, uint32_t at) {
    GIVEN(count <= FREE && at < count)
    struct order order = order_of(count, SLOTS, SLOTS, true);
    GIVEN(good_before(base, at, &order))
    struct parents parents = parents_in(&order);
    bool some = false;
    for (uint32_t i = 0; i < FREE; i++) {
        some |= parents.of[i] == at;
    }
    CLAIM(derivation_has_children(direct_of(base), &list[at]) == some);
}
