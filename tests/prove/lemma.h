/* SPDX-License-Identifier: MIT
 *
 * What lemmas share. A lemma is a function lemma_… that returns true for any arguments, with any contents of the global
 * objects: lemmas.py proves that. GIVEN states what the lemma assumes; CLAIM, at its end, what then holds.
 */
#ifndef R4_TESTS_LEMMA_H
#define R4_TESTS_LEMMA_H

#include "pure/slot.h"

/* If this does not hold, there is no claim. */
#define GIVEN(condition)                                                                                               \
    if (!(condition)) {                                                                                                \
        return true;                                                                                                   \
    }

/* Returns `condition`; from its call lemmas.py knows that a claim is made at all. */
bool lemma_claim(bool condition);
#define CLAIM(condition) return lemma_claim(condition)

/* Bits hi:lo of a word. */
#define BITS(hi, lo) (UINT64_MAX >> (63 - (hi)) & UINT64_MAX << (lo))

#define SLOT_REF_MAX BITS(39, 0)

static inline bool content_fits(const struct slot_content *content) {
    return content->type < 64 && content->ttl < 16 && content->flags < 64 && content->rights < 4096 &&
           content->size_log2 < 64 && content->object % 64 == 0 && content->object < 1ULL << 46 && content->depth < 64;
}

/* The slot can be filled. In word 0 an empty slot has a version and nothing else. */
static inline bool is_free(const struct r4_slot *slot) {
    return (slot->word[0] & ~BITS(47, 16)) == 0 && slot->word[0] != BITS(47, 16);
}

/* The slot holds this content, at that version. */
static inline bool is_filled(const struct r4_slot *slot, const struct slot_content *content, uint64_t version) {
    return slot_type(slot) == content->type && slot_ttl(slot) == content->ttl && slot_flags(slot) == content->flags &&
           slot_version(slot) == version && slot_badge(slot) == content->badge &&
           slot_rights(slot) == content->rights && slot_size_log2(slot) == content->size_log2 &&
           slot_depth(slot) == content->depth && slot_memory(slot) == content->object;
}

static inline bool is_emptied(const struct r4_slot *slot, uint64_t version) {
    return slot->word[0] == version << 16 && slot->word[1] == 0 && slot->word[2] == 0 && slot->word[3] == 0;
}

#endif
