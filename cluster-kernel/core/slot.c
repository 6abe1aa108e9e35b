/* SPDX-License-Identifier: MIT
 *
 * Filling and emptying of slots, and the mapping word.
 */
#include "slot.h"
#include <stdatomic.h>

enum r4_error slot_free_check(const struct r4_slot *slot) {
    if (slot_type(slot) != R4_CAP_EMPTY) {
        return R4_ERR_OCCUPIED;
    }
    return slot_version(slot) == R4_VERSION_MAX ? R4_ERR_RETIRED : R4_OK;
}

void slot_fill(struct r4_slot *slot, const struct slot_content *content) {
    uint64_t object = r4_slot_object_set(0, content->object / 64);
    object = r4_slot_rights_set(object, content->rights);
    object = r4_slot_size_set(object, content->size_log2);
    uint64_t word = r4_slot_type_set(0, content->type);
    word = r4_slot_ttl_set(word, content->ttl);
    word = r4_slot_flags_set(word, content->flags);
    word = r4_slot_version_set(word, slot_version(slot) + 1);
    slot->word[1] = content->badge;
    slot->word[2] = object;
    slot->word[3] = 0;
    __atomic_store_n(&slot->word[0], word, __ATOMIC_RELEASE);
}

void slot_clear(struct r4_slot *slot) {
    __atomic_store_n(&slot->word[0], r4_slot_version_set(0, slot_version(slot)), __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_release); /* no instruction on x86: keeps the compiler's order */
    slot->word[1] = 0;
    slot->word[2] = 0;
    slot->word[3] = 0;
}

struct slot_mapping slot_mapping_get(const struct r4_slot *slot) {
    struct slot_mapping mapping = {0, 0, (uint16_t)r4_mapping_generation_get(slot->word[1])};
    if (mapping.generation != 0) {
        uint64_t low = r4_slot_object_get(slot->word[2]) & 7;
        mapping.address = (r4_mapping_page_high_get(slot->word[1]) << 3 | low) << R4_PAGE_BITS;
        mapping.asid = (uint16_t)r4_mapping_asid_get(slot->word[1]);
    }
    return mapping;
}

void slot_mapping_set(struct r4_slot *slot, struct slot_mapping mapping) {
    uint64_t page = mapping.address >> R4_PAGE_BITS;
    uint64_t word = r4_mapping_page_high_set(0, page >> 3);
    word = r4_mapping_asid_set(word, mapping.asid);
    slot->word[1] = r4_mapping_generation_set(word, mapping.generation);
    slot->word[2] = (slot->word[2] & ~7ULL) | (page & 7);
}

void slot_mapping_clear(struct r4_slot *slot) {
    slot->word[1] = 0;
    slot->word[2] &= ~7ULL;
}
