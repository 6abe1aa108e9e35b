/* SPDX-License-Identifier: MIT
 *
 * Slots and words: every field is where its picture says, and setting it changes no other bit; the content and the
 * mapping that are written to a slot are read from it again.
 */
#include "lemma.h"
#include <r4/proxy.h>

struct r4_slot slot;
struct slot_content content;
struct r4_slot row[3];

#define FIELD(type, name, hi, lo)                                                                                      \
    bool lemma_##name(type word, type value) {                                                                         \
        const type mask = (type)BITS(hi, lo);                                                                          \
        const type set = name##_set(word, value);                                                                      \
        CLAIM(name##_max() == mask >> (lo) && name##_get(word) == (word & mask) >> (lo) &&                             \
              set == ((word & (type)~mask) | (value << (lo)&mask)) &&                                                  \
              (value > name##_max() || (name##_put(value) == name##_set(0, value) && name##_get(set) == value)));      \
    }

FIELD(uint64_t, r4_slot_type, 5, 0)
FIELD(uint64_t, r4_slot_ttl, 9, 6)
FIELD(uint64_t, r4_slot_flags, 15, 10)
FIELD(uint64_t, r4_slot_version, 47, 16)
FIELD(uint64_t, r4_slot_prev_high, 63, 48)
FIELD(uint64_t, r4_slot_object, 39, 0)
FIELD(uint64_t, r4_slot_rights, 51, 40)
FIELD(uint64_t, r4_slot_size, 57, 52)
FIELD(uint64_t, r4_slot_depth, 63, 58)
FIELD(uint64_t, r4_slot_next, 39, 0)
FIELD(uint64_t, r4_slot_prev_low, 63, 40)
FIELD(uint64_t, r4_mapping_page_high, 31, 0)
FIELD(uint64_t, r4_mapping_name, 63, 32)
FIELD(uint64_t, r4_loan_peer, 5, 0)
FIELD(uint64_t, r4_loan_index, 31, 16)
FIELD(uint64_t, r4_loan_generation, 63, 32)
FIELD(uint64_t, r4_cap_index, 25, 0)
FIELD(uint64_t, r4_cap_cluster, 31, 26)
FIELD(uint64_t, r4_cap_asid, 47, 32)
FIELD(uint64_t, r4_cap_generation, 63, 48)
FIELD(uint64_t, r4_cap_name, 63, 32)
FIELD(uint32_t, r4_name_asid, 15, 0)
FIELD(uint32_t, r4_name_generation, 31, 16)
FIELD(uint64_t, r4_copy_rights, 15, 0)
FIELD(uint64_t, r4_copy_ttl, 31, 16)
FIELD(uint64_t, r4_copy_mint, 63, 32)
FIELD(uint64_t, r4_inspect_size_log2, 7, 0)
FIELD(uint64_t, r4_inspect_rights, 19, 8)
FIELD(uint64_t, r4_inspect_type, 31, 24)
FIELD(uint64_t, r4_inspect_has_children, 32, 32)
FIELD(uint64_t, r4_retype_type, 7, 0)
FIELD(uint64_t, r4_retype_size_log2, 15, 8)
FIELD(uint64_t, r4_retype_count, 31, 16)
FIELD(uint64_t, r4_schedule_core, 15, 0)
FIELD(uint64_t, r4_schedule_priority, 63, 16)
FIELD(uint64_t, r4_proxy_kind, 5, 0)
FIELD(uint64_t, r4_proxy_ttl, 9, 6)
FIELD(uint64_t, r4_proxy_flags, 15, 10)
FIELD(uint64_t, r4_proxy_serial, 47, 16)
FIELD(uint64_t, r4_proxy_rights, 59, 48)
FIELD(uint64_t, r4_proxy_grantee, 31, 0)
FIELD(uint64_t, r4_proxy_version, 63, 32)

bool lemma_free_check(void) {
    GIVEN(slot_type(&slot) != R4_CAP_EMPTY || (slot.word[0] & ~BITS(47, 16)) == 0)
    enum r4_error error = slot_free_check(&slot);
    CLAIM(slot_type(&slot) != R4_CAP_EMPTY     ? error == R4_ERR_OCCUPIED
          : slot_version(&slot) == 0xffffffffU ? error == R4_ERR_RETIRED
                                               : error == R4_OK && is_free(&slot));
}

/* The same of a row of up to three slots. */
bool lemma_row_free_check(uint32_t count) {
    GIVEN(count >= 1 && count <= 3)
    bool occupied = false;
    bool retired = false;
    for (uint32_t i = 0; i < count; i++) {
        GIVEN(slot_type(&row[i]) != R4_CAP_EMPTY || (row[i].word[0] & ~BITS(47, 16)) == 0)
        enum r4_error error = slot_free_check(&row[i]);
        occupied = occupied || error == R4_ERR_OCCUPIED;
        retired = retired || error == R4_ERR_RETIRED;
    }
    enum r4_error expected = occupied ? R4_ERR_OCCUPIED : retired ? R4_ERR_RETIRED : R4_OK;
    CLAIM(slots_free_check(row, count) == expected);
}

/* slot_parts() gives the version of word 0, and sets it alone. */
bool lemma_parts(uint32_t version) {
    struct r4_slot was = slot;
    bool seen = slot_parts(&slot)->version == slot_version(&was);
    slot_parts(&slot)->version = version;
    CLAIM(seen && slot.word[0] == r4_slot_version_set(was.word[0], version) && slot.word[1] == was.word[1] &&
          slot.word[2] == was.word[2] && slot.word[3] == was.word[3]);
}

bool lemma_fill(uint64_t prev, uint64_t next) {
    GIVEN(content_fits(&content) && is_free(&slot) && prev <= SLOT_REF_MAX && next <= SLOT_REF_MAX)
    uint64_t version = slot_version(&slot);
    slot_fill_linked(&slot, &content, prev, next);
    CLAIM(is_filled(&slot, &content, version + 1) && slot_prev_ref(&slot) == prev && slot_next_ref(&slot) == next);
}

bool lemma_clear(void) {
    uint64_t version = slot_version(&slot);
    slot_clear(&slot);
    CLAIM(is_emptied(&slot, version) && slot_free_check(&slot) == (version == 0xffffffffU ? R4_ERR_RETIRED : R4_OK));
}

bool lemma_flags(uint64_t flags) {
    GIVEN(flags < 64)
    struct r4_slot was = slot;
    slot_flags_set(&slot, flags);
    bool set = slot.word[0] == (was.word[0] | flags << 10);
    slot_flags_clear(&slot, flags);
    CLAIM(set && slot.word[0] == (was.word[0] & ~(flags << 10)) && slot.word[1] == was.word[1] &&
          slot.word[2] == was.word[2] && slot.word[3] == was.word[3]);
}

/* A mapping is read as it was written; nothing else in the slot changes, not even its object. */
bool lemma_mapping(uint64_t address, uint32_t name) {
    struct r4_slot was = slot;
    phys_t object = slot_object(&slot);
    GIVEN(address % R4_PAGE_SIZE == 0 && address < 1ULL << 47 && name != 0 && slot_size_log2(&slot) >= R4_PAGE_BITS)
    slot_mapping_set(&slot, (struct slot_mapping){address, name});
    struct slot_mapping found = slot_mapping_get(&slot);
    bool written = found.address == address && found.name == name && slot_object(&slot) == object &&
                   slot_pages(&slot) == object && ((slot.word[2] ^ was.word[2]) & ~7ULL) == 0;
    slot_mapping_clear(&slot);
    found = slot_mapping_get(&slot);
    CLAIM(written && found.address == 0 && found.name == 0 && slot_object(&slot) == object && slot.word[1] == 0 &&
          slot.word[2] == (was.word[2] & ~7ULL) && slot.word[0] == was.word[0] && slot.word[3] == was.word[3]);
}

/* The object of a slot is read as it was written, at any address that it can have, whatever its size. */
bool lemma_object(void) {
    GIVEN(content_fits(&content) && is_free(&slot))
    GIVEN(content.size_log2 < R4_PAGE_BITS || content.object % R4_PAGE_SIZE == 0)
    slot_fill(&slot, &content);
    CLAIM(slot_object(&slot) == content.object);
}

/* References to slots anywhere in memory up to 2^45, wherever the direct map begins. */
bool lemma_links(uintptr_t direct, uint64_t prev, uint64_t next) {
    GIVEN(prev <= SLOT_REF_MAX && next <= SLOT_REF_MAX)
    struct r4_slot was = slot;
    struct r4_slot *before = slot_at(direct, prev);
    struct r4_slot *after = slot_at(direct, next);
    GIVEN((prev == 0 || before != NULL) && (next == 0 || after != NULL)) /* no slot lies at virtual address 0 */
    slot_prev_set(direct, &slot, before);
    slot_next_set(direct, &slot, after);
    CLAIM(slot_prev_ref(&slot) == prev && slot_prev(direct, &slot) == before && slot_next(direct, &slot) == after &&
          ((slot.word[0] ^ was.word[0]) & BITS(47, 0)) == 0 && slot.word[1] == was.word[1] &&
          slot.word[2] == was.word[2]);
}
