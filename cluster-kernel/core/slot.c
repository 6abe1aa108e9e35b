/* SPDX-License-Identifier: MIT
 *
 * The mapping word.
 */
#include "slot.h"

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
