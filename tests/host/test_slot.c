/* SPDX-License-Identifier: MIT
 *
 * Slots: every field of <r4/slot.h> at its extremes, next to every other; filling and emptying, the last version,
 * mappings, references between slots.
 */
#include "expect.h"
#include "pure/slot.h"
#include "random.h"
#include "suite.h"
#include <r4/proxy.h>

enum { ROUNDS = 20000 };

/* A field and its bits, repeated here from the picture at the head of <r4/slot.h>. */
struct field {
    uint64_t (*get)(uint64_t word);
    uint64_t (*set)(uint64_t word, uint64_t value);
    uint64_t (*max)(void);
    unsigned hi;
    unsigned lo;
};
#define FIELD(name, hi, lo)                                                                                            \
    { name##_get, name##_set, name##_max, hi, lo }

struct word {
    uint64_t covered; /* bits that belong to some field */
    struct field fields[5];
    size_t count;
};

static const struct word words[] = {
    {UINT64_MAX,
     {FIELD(r4_slot_type, 5, 0), FIELD(r4_slot_ttl, 9, 6), FIELD(r4_slot_flags, 15, 10), FIELD(r4_slot_version, 47, 16),
      FIELD(r4_slot_prev_high, 63, 48)},
     5},
    {UINT64_MAX,
     {FIELD(r4_slot_object, 39, 0), FIELD(r4_slot_rights, 51, 40), FIELD(r4_slot_size, 57, 52),
      FIELD(r4_slot_depth, 63, 58)},
     4},
    {UINT64_MAX, {FIELD(r4_slot_next, 39, 0), FIELD(r4_slot_prev_low, 63, 40)}, 2},
    {UINT64_MAX, {FIELD(r4_mapping_page_high, 31, 0), FIELD(r4_mapping_name, 63, 32)}, 2},
    {0xffffffffffff003fULL,
     {FIELD(r4_loan_peer, 5, 0), FIELD(r4_loan_index, 31, 16), FIELD(r4_loan_generation, 63, 32)},
     3},
    {UINT64_MAX,
     {FIELD(r4_cap_index, 25, 0), FIELD(r4_cap_cluster, 31, 26), FIELD(r4_cap_asid, 47, 32),
      FIELD(r4_cap_generation, 63, 48)},
     4},
    {UINT64_MAX, {FIELD(r4_cap_index, 25, 0), FIELD(r4_cap_cluster, 31, 26), FIELD(r4_cap_name, 63, 32)}, 3},
    {0x0fffffffffffffffULL,
     {FIELD(r4_proxy_kind, 5, 0), FIELD(r4_proxy_ttl, 9, 6), FIELD(r4_proxy_flags, 15, 10),
      FIELD(r4_proxy_serial, 47, 16), FIELD(r4_proxy_rights, 59, 48)},
     5},
    {UINT64_MAX, {FIELD(r4_proxy_grantee, 31, 0), FIELD(r4_proxy_version, 63, 32)}, 2},
};

static uint64_t mask(const struct field *field) { return (UINT64_MAX >> (63 - field->hi)) & (UINT64_MAX << field->lo); }

START_TEST(test_fields_cover_their_words) {
    for (size_t i = 0; i < R4_COUNT(words); i++) {
        uint64_t seen = 0;
        for (size_t j = 0; j < words[i].count; j++) {
            ck_assert_uint_eq(seen & mask(&words[i].fields[j]), 0);
            seen |= mask(&words[i].fields[j]);
            ck_assert_uint_eq(words[i].fields[j].max(), mask(&words[i].fields[j]) >> words[i].fields[j].lo);
        }
        ck_assert_uint_eq(seen, words[i].covered);
    }
}
END_TEST

/* Sets one field of a word: all others must keep their values. */
static void expect_alone(const struct word *word, const struct field *field, uint64_t before, uint64_t value) {
    uint64_t after = field->set(before, value);
    EXPECT(((after ^ before) & ~mask(field)) == 0);
    EXPECT(field->get(after) == (value & field->max()));
    for (size_t i = 0; i < word->count; i++) {
        if (&word->fields[i] != field) {
            EXPECT(word->fields[i].get(after) == word->fields[i].get(before));
        }
    }
}

START_TEST(test_fields_at_their_extremes) {
    uint64_t state = 3;
    for (size_t i = 0; i < R4_COUNT(words); i++) {
        for (size_t j = 0; j < words[i].count; j++) {
            const struct field *field = &words[i].fields[j];
            const uint64_t backgrounds[] = {0, UINT64_MAX, mask(field), ~mask(field), random_next(&state)};
            const uint64_t values[] = {0, 1, field->max(), field->max() + 1, UINT64_MAX, random_next(&state)};
            for (size_t k = 0; k < R4_COUNT(backgrounds) * R4_COUNT(values); k++) {
                expect_alone(&words[i], field, backgrounds[k % R4_COUNT(backgrounds)],
                             values[k / R4_COUNT(backgrounds)]);
            }
        }
    }
}
END_TEST

static struct r4_slot full_slot(void) { return (struct r4_slot){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}}; }

/* An empty slot of a version, for slot_fill. */
static struct r4_slot empty_slot(uint64_t version) { return (struct r4_slot){{version << 16, 0, 0, 0}}; }

static void expect_filled(const struct slot_content *content, uint64_t version) {
    struct r4_slot slot = full_slot();
    slot.word[0] = version << 16;
    slot_fill(&slot, content);
    ck_assert_uint_eq(slot_type(&slot), content->type);
    ck_assert_uint_eq(slot_ttl(&slot), content->ttl);
    ck_assert_uint_eq(slot_flags(&slot), content->flags);
    ck_assert_uint_eq(slot_version(&slot), version + 1);
    ck_assert_uint_eq(slot_rights(&slot), content->rights);
    ck_assert_uint_eq(slot_size_log2(&slot), content->size_log2);
    ck_assert_uint_eq(slot_object(&slot), content->object);
    ck_assert_uint_eq(slot.word[1], content->badge);
    ck_assert_uint_eq(slot_depth(&slot), content->depth);
    ck_assert_ptr_null(slot_next(0, &slot));
    ck_assert_ptr_null(slot_prev(0, &slot));
}

/* Each part of the content at its largest, then all of them, then none. */
START_TEST(test_fill) {
    static const struct slot_content contents[] = {
        {.type = R4_CAP_UNTYPED},
        {.type = R4_CAP_INTERNAL},
        {.type = R4_CAP_FRAME, .ttl = R4_TTL_MAX},
        {.type = R4_CAP_FRAME, .flags = 63},
        {.type = R4_CAP_FRAME, .rights = 4095},
        {.type = R4_CAP_UNTYPED, .size_log2 = 63},
        {.type = R4_CAP_UNTYPED, .size_log2 = 6, .object = (1ULL << 46) - 64},
        {.type = R4_CAP_FRAME, .size_log2 = 12, .object = (1ULL << 46) - 4096},
        {.type = R4_CAP_PD, .depth = R4_DEPTH_MAX},
        {.type = R4_CAP_PEER, .badge = UINT64_MAX},
        {(enum r4_cap_type)63, R4_TTL_MAX, 63, 4095, 63, (1ULL << 46) - 4096, R4_DEPTH_MAX, UINT64_MAX},
        {0},
    };
    for (size_t i = 0; i < R4_COUNT(contents); i++) {
        expect_filled(&contents[i], 0);
        expect_filled(&contents[i], 0x7fffffff);
        expect_filled(&contents[i], R4_VERSION_MAX - 1ULL);
    }
}
END_TEST

START_TEST(test_clear) {
    struct r4_slot slot = full_slot();
    slot_clear(&slot);
    ck_assert_uint_eq(slot.word[0], (uint64_t)R4_VERSION_MAX << 16);
    ck_assert_uint_eq(slot.word[1] | slot.word[2] | slot.word[3], 0);
    slot = empty_slot(41);
    slot_fill(&slot, &(struct slot_content){.type = R4_CAP_THREAD, .ttl = 3, .badge = 7});
    slot_clear(&slot);
    ck_assert_uint_eq(slot.word[0], 42 << 16);
}
END_TEST

START_TEST(test_last_version) {
    struct r4_slot slot = empty_slot(R4_VERSION_MAX - 1ULL);
    ck_assert_int_eq(slot_free_check(&slot), R4_OK);
    slot_fill(&slot, &(struct slot_content){.type = R4_CAP_FRAME});
    ck_assert_uint_eq(slot_version(&slot), R4_VERSION_MAX);
    ck_assert_int_eq(slot_free_check(&slot), R4_ERR_OCCUPIED);
    slot_clear(&slot);
    ck_assert_uint_eq(slot_version(&slot), R4_VERSION_MAX);
    ck_assert_int_eq(slot_free_check(&slot), R4_ERR_RETIRED);
}
END_TEST

START_TEST(test_free_check) {
    for (uint64_t type = 0; type < 64; type++) {
        struct r4_slot slot = {{r4_slot_type_set(0, type), 0, 0, 0}};
        ck_assert_int_eq(slot_free_check(&slot), type == R4_CAP_EMPTY ? R4_OK : R4_ERR_OCCUPIED);
    }
}
END_TEST

static enum r4_error row_check(uint32_t count, uint32_t at, uint64_t word) {
    struct r4_slot row[6];
    for (uint32_t i = 0; i < R4_COUNT(row); i++) {
        row[i] = empty_slot(R4_VERSION_MAX - 1ULL - i);
    }
    row[at].word[0] = word;
    return slots_free_check(row, count);
}

/* Any slot of a row may be in the way; one after the row never is. */
START_TEST(test_row_free_check) {
    for (uint32_t count = 1; count <= 6; count++) {
        for (uint32_t at = 0; at < 6; at++) {
            bool in = at < count;
            for (uint64_t type = 1; type < 64; type++) {
                ck_assert_int_eq(row_check(count, at, type), in ? R4_ERR_OCCUPIED : R4_OK);
                ck_assert_int_eq(row_check(count, at, UINT64_MAX << 6 | type), in ? R4_ERR_OCCUPIED : R4_OK);
            }
            ck_assert_int_eq(row_check(count, at, 0xffffffffULL << 16), in ? R4_ERR_RETIRED : R4_OK);
            ck_assert_int_eq(row_check(count, at, 0), R4_OK);
        }
    }
}
END_TEST

START_TEST(test_flags) {
    for (uint64_t old = 0; old < 64; old++) {
        for (uint64_t flags = 0; flags < 64; flags++) {
            struct r4_slot slot = full_slot();
            slot.word[0] = r4_slot_flags_set(slot.word[0], old);
            slot_flags_set(&slot, flags);
            EXPECT(slot_flags(&slot) == (old | flags));
            slot_flags_clear(&slot, flags);
            EXPECT(slot_flags(&slot) == (old & ~flags));
            EXPECT((slot.word[0] | 63ULL << 10) == UINT64_MAX);
            EXPECT((slot.word[1] & slot.word[2] & slot.word[3]) == UINT64_MAX);
        }
    }
}
END_TEST

static void expect_mapping(struct r4_slot *slot, struct slot_mapping mapping) {
    struct r4_slot before = *slot;
    phys_t object = slot_object(slot);
    slot_mapping_set(slot, mapping);
    struct slot_mapping found = slot_mapping_get(slot);
    EXPECT(found.address == mapping.address);
    EXPECT(found.name == mapping.name);
    EXPECT(slot_object(slot) == object);
    EXPECT(slot->word[0] == before.word[0]);
    EXPECT(((slot->word[2] ^ before.word[2]) & ~7ULL) == 0);
    EXPECT(slot->word[3] == before.word[3]);
}

START_TEST(test_mapping_extremes) {
    static const uint64_t addresses[] = {
        0, R4_PAGE_SIZE, 7 * R4_PAGE_SIZE, 8 * R4_PAGE_SIZE, R4_WINDOW_BASE, R4_USER_END - R4_PAGE_SIZE};
    static const uint32_t numbers[] = {1, 0x10000, 0x7fffffff, 0xffffffff};
    struct r4_slot slot = full_slot();
    slot.word[2] &= ~63ULL; /* like an object of 4 KiB at the highest address */
    for (size_t i = 0; i < R4_COUNT(addresses); i++) {
        for (size_t j = 0; j < R4_COUNT(numbers); j++) {
            expect_mapping(&slot, (struct slot_mapping){addresses[i], numbers[j]});
        }
    }
}
END_TEST

START_TEST(test_mapping_random) {
    uint64_t state = 5;
    for (int i = 0; i < ROUNDS; i++) {
        struct slot_content content = {.type = R4_CAP_FRAME,
                                       .ttl = (uint32_t)random_below(&state, 16),
                                       .rights = (uint32_t)random_below(&state, 4096),
                                       .size_log2 = i % 2 == 0 ? R4_PAGE_BITS : R4_LARGE_BITS,
                                       .object = round_down(random_below(&state, 1ULL << 46), R4_PAGE_SIZE)};
        struct r4_slot slot = empty_slot(random_below(&state, R4_VERSION_MAX));
        slot_fill(&slot, &content);
        uint64_t address = round_down(random_below(&state, R4_USER_END), R4_PAGE_SIZE);
        expect_mapping(&slot, (struct slot_mapping){address, (uint32_t)(1 + random_below(&state, UINT32_MAX))});
        slot_mapping_clear(&slot);
        EXPECT(slot_mapping_get(&slot).name == 0);
        EXPECT(slot.word[1] == 0);
        EXPECT(slot_object(&slot) == content.object);
        EXPECT((slot.word[2] & 63) == 0);
        EXPECT(slot_rights(&slot) == content.rights);
    }
}
END_TEST

START_TEST(test_no_mapping) {
    struct r4_slot slot = full_slot();
    slot.word[1] = r4_mapping_name_set(UINT64_MAX, 0);
    struct slot_mapping mapping = slot_mapping_get(&slot);
    ck_assert_uint_eq(mapping.name, 0);
}
END_TEST

/* A small object may be at any multiple of 64 bytes: its low bits are address, not mapping. */
START_TEST(test_object_below_a_page) {
    for (uint32_t log2 = 0; log2 < 64; log2++) {
        struct r4_slot slot = {{0, 0, r4_slot_object_set(0, UINT64_MAX), 0}};
        slot.word[2] = r4_slot_size_set(slot.word[2], log2);
        ck_assert_uint_eq(slot_object(&slot), log2 < R4_PAGE_BITS ? (1ULL << 46) - 64 : (1ULL << 46) - 4096);
    }
}
END_TEST

static void expect_slot_refs(uintptr_t direct, uint64_t prev, uint64_t next) {
    const struct r4_slot *prev_slot = prev == 0 ? NULL : (const struct r4_slot *)(direct + prev);
    const struct r4_slot *next_slot = next == 0 ? NULL : (const struct r4_slot *)(direct + next);
    struct r4_slot slots[2] = {full_slot(), {{0}}};
    for (int i = 0; i < 2; i++) {
        struct r4_slot before = slots[i];
        slot_prev_set(direct, &slots[i], prev_slot);
        slot_next_set(direct, &slots[i], next_slot);
        EXPECT(slot_prev(direct, &slots[i]) == prev_slot);
        EXPECT(slot_next(direct, &slots[i]) == next_slot);
        slot_prev_set(direct, &slots[i], next_slot); /* the other way round */
        EXPECT(slot_prev(direct, &slots[i]) == next_slot);
        EXPECT(slot_next(direct, &slots[i]) == next_slot);
        EXPECT(((slots[i].word[0] ^ before.word[0]) & 0xffffffffffffULL) == 0);
        EXPECT(slots[i].word[1] == before.word[1]);
        EXPECT(slots[i].word[2] == before.word[2]);
    }
}

START_TEST(test_slot_refs) {
    static const uint64_t extremes[] = {0, 32, 64, (1ULL << 29) - 32, 1ULL << 29, 1ULL << 44, (1ULL << 45) - 32};
    static const uintptr_t directs[] = {0, 4096, 0x7f0000000000, 0xffff800000000000};
    uint64_t state = 7;
    for (size_t i = 0; i < R4_COUNT(extremes) * R4_COUNT(extremes); i++) {
        for (size_t j = 0; j < R4_COUNT(directs); j++) {
            expect_slot_refs(directs[j], extremes[i % R4_COUNT(extremes)], extremes[i / R4_COUNT(extremes)]);
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t prev = round_down(random_below(&state, 1ULL << 45), R4_SLOT_SIZE);
        expect_slot_refs(directs[i % 4], prev, round_down(random_below(&state, 1ULL << 45), R4_SLOT_SIZE));
    }
}
END_TEST

SUITE_MAIN("slot", test_fields_cover_their_words, test_fields_at_their_extremes, test_fill, test_clear,
           test_last_version, test_free_check, test_row_free_check, test_flags, test_mapping_extremes,
           test_mapping_random, test_no_mapping, test_object_below_a_page, test_slot_refs)
