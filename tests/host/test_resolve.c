/* SPDX-License-Identifier: MIT
 *
 * Cap addresses in the caller's own window: every cluster number, every single wrong bit, every type and flag of the
 * slot named; by the direct way and by the walk, which must agree.
 */
#include "pure/resolve.h"
#include "space.h"
#include "suite.h"

static struct window window = {.name = 0x10001};
static struct asid_table asids;
static struct walk_pages pages;
static struct r4_slot *slots; /* window page 0 */

/* One cap page, at window page 0. */
static void window_create(void) {
    memset(&asids, 0, sizeof(asids));
    asid_table_init(&asids, 0);
    walk_forget_all(&pages);
    phys_t root = space_start();
    phys_t page = space_page();
    *space_entry(root, R4_WINDOW_BASE, 1) = paging_leaf(page, R4_READ, false, PAGING_KIND_CAPS);
    window.tables[0] = space_table(*space_entry(root, R4_WINDOW_BASE, 2) & PAGING_ADDRESS);
    slots = (struct r4_slot *)space_table(page);
    slot_fill(&slots[0], &(struct slot_content){.type = R4_CAP_HEADER});
    slot_fill(&slots[5], &(struct slot_content){.type = R4_CAP_FRAME});
}

static void expect(uint32_t own, uint64_t cap, const struct r4_slot *slot, enum r4_error error) {
    struct resolve_place place = {space_direct(), own, &asids, &pages};
    struct chain chain = {.hops = 99};
    struct resolved resolved = resolve_chain(&place, &window, cap, R4_TTL_MAX, &chain);
    ck_assert_int_eq(resolved.error, error);
    ck_assert_ptr_eq(resolved.slot, slot);
    ck_assert_uint_eq(chain.hops, 0);
    struct r4_slot *direct = NULL;
    if (resolve_direct(space_direct(), &window, own, cap, &direct)) {
        ck_assert(slot == direct || (slot == NULL && slot_type(direct) == R4_CAP_EMPTY));
    } else {
        ck_assert_ptr_null(slot);
    }
}

START_TEST(test_own_cluster) {
    window_create();
    for (uint32_t own = 0; own < R4_MAX_CLUSTERS; own++) {
        for (uint64_t named = 0; named < R4_MAX_CLUSTERS; named++) {
            uint64_t cap = named << 26 | 5;
            expect(own, cap, named == own ? &slots[5] : NULL, named == own ? R4_OK : R4_ERR_FOREIGN_CLUSTER);
        }
    }
}
END_TEST

START_TEST(test_each_wrong_bit) {
    window_create();
    for (uint32_t bit = 0; bit < 64; bit++) {
        uint64_t cap = (33ULL << 26 | 5) ^ 1ULL << bit;
        enum r4_error error = bit < 7    ? R4_ERR_EMPTY   /* another slot of the page */
                              : bit < 26 ? R4_ERR_ADDRESS /* another page */
                              : bit < 32 ? R4_ERR_FOREIGN_CLUSTER
                                         : R4_ERR_ASID; /* an asid, or a generation without one */
        expect(33, cap, NULL, error);
    }
}
END_TEST

START_TEST(test_foreign_before_asid) {
    window_create();
    expect(1, UINT64_MAX, NULL, R4_ERR_FOREIGN_CLUSTER);
    expect(63, UINT64_MAX, NULL, R4_ERR_ASID);
    expect(0, (uint64_t)1 << 48 | 2ULL << 26 | 5, NULL, R4_ERR_FOREIGN_CLUSTER);
    expect(2, (uint64_t)1 << 48 | 2ULL << 26 | 5, NULL, R4_ERR_ASID);
}
END_TEST

START_TEST(test_header_is_no_capability) {
    window_create();
    expect(0, 0, NULL, R4_ERR_ADDRESS); /* the null address */
    expect(0, R4_SLOTS_PER_PAGE, NULL, R4_ERR_ADDRESS);
}
END_TEST

START_TEST(test_types) {
    window_create();
    for (uint64_t type = 0; type < 64; type++) {
        slots[5].word[0] = r4_slot_type_set(slots[5].word[0], type);
        expect(0, 5, type == R4_CAP_EMPTY ? NULL : &slots[5], type == R4_CAP_EMPTY ? R4_ERR_EMPTY : R4_OK);
    }
}
END_TEST

/* BUSY and CREATING are refused by the caller, not here. */
START_TEST(test_flags) {
    window_create();
    for (uint64_t flags = 0; flags < 64; flags++) {
        slots[5].word[0] = r4_slot_flags_set(slots[5].word[0], flags);
        expect(0, 5, &slots[5], R4_OK);
    }
    slots[5].word[0] = r4_slot_type_set(slots[5].word[0], R4_CAP_EMPTY);
    expect(0, 5, NULL, R4_ERR_EMPTY);
}
END_TEST

START_TEST(test_no_window) {
    window_create();
    window.tables[0] = NULL;
    expect(0, 5, NULL, R4_ERR_ADDRESS);
    expect(0, 1 << 25 | 5, NULL, R4_ERR_ADDRESS);
}
END_TEST

SUITE_MAIN("resolve", test_own_cluster, test_each_wrong_bit, test_foreign_before_asid, test_header_is_no_capability,
           test_types, test_flags, test_no_window)
