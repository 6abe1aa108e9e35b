/* SPDX-License-Identifier: MIT
 *
 * The derivation list. An operation changes a slot, the two next to it in the list, and the one that it fills. With any
 * words in these, wherever the list is in memory and whatever else is in it, the list is correct in both directions
 * afterwards, and nothing else has changed in any slot.
 */
#include "lemma.h"
#include "pure/derivation.c"

enum { BEFORE, SLOT, NEXT, FREE, SLOTS };

struct r4_slot list[SLOTS];
struct r4_slot other[SLOTS];
struct slot_content content;
struct around { /* which neighbours SLOT has */
    bool before, next;
};

/* The references to the list's slots are `base` and the next numbers. */
static inline uintptr_t direct_of(const struct r4_slot *slots, uint64_t base) {
    return (uintptr_t)slots - base * R4_SLOT_SIZE;
}
static inline bool base_fits(uint64_t base) { return base != 0 && base <= SLOT_REF_MAX - SLOTS; }

/* `b` follows `a` in the list. Both are numbers of slots; SLOTS: no slot. */
static inline bool joined(uint64_t base, uint32_t a, uint32_t b) {
    return (a == SLOTS || slot_next_ref(&list[a]) == (b == SLOTS ? 0 : base + b)) &&
           (b == SLOTS || slot_prev_ref(&list[b]) == (a == SLOTS ? 0 : base + a));
}

static inline bool good_before(uint64_t base, struct around around) {
    return base_fits(base) && joined(base, around.before ? BEFORE : SLOTS, SLOT) &&
           joined(base, SLOT, around.next ? NEXT : SLOTS) && is_free(&list[FREE]);
}

/* A slot is as it was, except, perhaps, for its references to neighbours. */
static inline bool is_kept(uint32_t number, const struct r4_slot *was, bool prev_free, bool next_free) {
    const struct r4_slot *is = &list[number];
    uint64_t word0 = prev_free ? BITS(47, 0) : UINT64_MAX;
    uint64_t word3 = (prev_free ? 0 : BITS(63, 40)) | (next_free ? 0 : BITS(39, 0));
    return ((is->word[0] ^ was[number].word[0]) & word0) == 0 && is->word[1] == was[number].word[1] &&
           is->word[2] == was[number].word[2] && ((is->word[3] ^ was[number].word[3]) & word3) == 0;
}

static inline void remember(struct r4_slot *was) {
    for (uint32_t i = 0; i < SLOTS; i++) {
        was[i] = list[i];
    }
}

/* FREE has been inserted after SLOT. */
static inline bool is_inserted(uint64_t base, struct around around, const struct r4_slot *was) {
    return joined(base, SLOT, FREE) && joined(base, FREE, around.next ? NEXT : SLOTS) &&
           is_kept(BEFORE, was, false, false) && is_kept(SLOT, was, false, true) &&
           is_kept(NEXT, was, around.next, false);
}

bool lemma_create(uint64_t base, bool before, bool next) {
    struct around around = {before, next};
    struct r4_slot was[SLOTS];
    remember(was);
    GIVEN(good_before(base, around) && content_fits(&content))
    derivation_create(direct_of(list, base), &list[SLOT], &list[FREE], &content);
    CLAIM(is_inserted(base, around, was) && is_filled(&list[FREE], &content, slot_version(&was[FREE]) + 1));
}

/* Only type, size and object are copied: no flag, and not the mapping of a frame. */
bool lemma_copy(uint64_t base, bool before, bool next, uint64_t rights, uint64_t ttl, uint64_t badge) {
    struct around around = {before, next};
    struct r4_slot was[SLOTS];
    remember(was);
    GIVEN(good_before(base, around) && rights < 4096 && ttl < 16 && slot_depth(&list[SLOT]) < R4_DEPTH_MAX)
    bool frame = slot_type(&list[SLOT]) == R4_CAP_FRAME;
    struct slot_content copy = {.type = slot_type(&list[SLOT]),
                                .ttl = (uint32_t)ttl,
                                .rights = (uint32_t)rights,
                                .size_log2 = (uint32_t)slot_size_log2(&list[SLOT]),
                                .object = slot_memory(&list[SLOT]) & ~(frame ? 7 * 64ULL : 0),
                                .depth = (uint32_t)slot_depth(&list[SLOT]) + 1,
                                .badge = frame ? 0 : badge};
    derivation_copy(direct_of(list, base), &list[SLOT], &list[FREE], rights, ttl, badge);
    CLAIM(is_inserted(base, around, was) && is_filled(&list[FREE], &copy, slot_version(&was[FREE]) + 1));
}

bool lemma_remove(uint64_t base, bool before, bool next) {
    struct around around = {before, next};
    struct r4_slot was[SLOTS];
    remember(was);
    GIVEN(good_before(base, around))
    derivation_remove(direct_of(list, base), &list[SLOT]);
    CLAIM(joined(base, before ? BEFORE : SLOTS, next ? NEXT : SLOTS) && is_kept(BEFORE, was, false, before) &&
          is_kept(NEXT, was, next, false) && is_kept(FREE, was, false, false) &&
          is_emptied(&list[SLOT], slot_version(&was[SLOT])));
}

bool lemma_move(uint64_t base, bool before, bool next) {
    struct around around = {before, next};
    struct r4_slot was[SLOTS];
    remember(was);
    GIVEN(good_before(base, around))
    derivation_move(direct_of(list, base), &list[SLOT], &list[FREE]);
    uint64_t expected = (was[SLOT].word[0] & ~BITS(47, 16)) | (slot_version(&was[FREE]) + 1) << 16;
    CLAIM(joined(base, before ? BEFORE : SLOTS, FREE) && joined(base, FREE, next ? NEXT : SLOTS) &&
          is_kept(BEFORE, was, false, before) && is_kept(NEXT, was, next, false) && list[FREE].word[0] == expected &&
          list[FREE].word[1] == was[SLOT].word[1] && list[FREE].word[2] == was[SLOT].word[2] &&
          list[FREE].word[3] == was[SLOT].word[3] && is_emptied(&list[SLOT], slot_version(&was[SLOT])));
}

bool lemma_join_over(uint64_t base, uint64_t stale, bool next) {
    struct r4_slot was[SLOTS];
    remember(was);
    GIVEN(base_fits(base) && stale <= SLOT_REF_MAX)
    derivation_join_over(direct_of(list, base), &list[SLOT], next ? base + NEXT : 0, base + SLOT);
    CLAIM(slot_next_ref(&list[SLOT]) == (next ? base + NEXT : 0) && is_kept(SLOT, was, false, true) &&
          (!next || slot_prev_ref(&list[NEXT]) == base + SLOT) && is_kept(NEXT, was, next, false) &&
          is_kept(BEFORE, was, false, false) && is_kept(FREE, was, false, false));
}

bool lemma_has_children(uint64_t base, bool next) {
    GIVEN(good_before(base, (struct around){false, next}))
    CLAIM(derivation_has_children(direct_of(list, base), &list[SLOT]) ==
          (next && slot_depth(&list[NEXT]) > slot_depth(&list[SLOT])));
}

/* Up to two more objects, created at once, are what they would be when created one by one. `list` and `other` begin as
 * the same. In this lemma slot 0 is the first object, 1 and 2 are free, and 3 may follow. */
bool lemma_create_more(uint64_t base, uint32_t count, bool next) {
    uint32_t log2 = (uint32_t)slot_size_log2(&list[0]);
    phys_t object = slot_memory(&list[0]);
    GIVEN(base_fits(base) && count <= 2 && joined(base, 0, next ? 3 : SLOTS) && is_free(&list[1]) && is_free(&list[2]))
    GIVEN(base % R4_SLOTS_PER_PAGE + count < R4_SLOTS_PER_PAGE) /* all in one page */
    GIVEN(log2 >= 6 && log2 < 46 && object + (3ULL << log2) <= 1ULL << 46)
    struct slot_content each = {slot_type(&list[0]),
                                (uint32_t)slot_ttl(&list[0]),
                                (uint32_t)slot_flags(&list[0]),
                                (uint32_t)slot_rights(&list[0]),
                                log2,
                                object,
                                (uint32_t)slot_depth(&list[0]),
                                slot_badge(&list[0])};
    remember(other);
    derivation_create_more(direct_of(list, base), &list[0], count);
    for (uint32_t i = 1; i <= count; i++) {
        each.object += 1ULL << log2;
        derivation_create(direct_of(other, base), &other[i - 1], &other[i], &each);
    }
    CLAIM(is_kept(0, other, false, false) && is_kept(1, other, false, false) && is_kept(2, other, false, false) &&
          is_kept(3, other, false, false));
}
