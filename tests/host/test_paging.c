/* SPDX-License-Identifier: MIT
 *
 * Page-table entries, bit by bit as in the manual; and the walk: every level, every way to be missing, random
 * addresses.
 */
#include "expect.h"
#include "pure/paging.h"
#include "random.h"
#include "space.h"
#include "suite.h"

enum { ROUNDS = 2000 };

START_TEST(test_index_and_reach) {
    static const uint64_t reaches[] = {4096, 2ULL << 20, 1ULL << 30, 512ULL << 30};
    uint64_t state = 11;
    for (uint32_t level = 1; level <= 4; level++) {
        uint64_t reach = reaches[level - 1];
        ck_assert_uint_eq(paging_reach(level), reach);
        ck_assert_uint_eq(paging_index(reach - 1, level), 0);
        ck_assert_uint_eq(paging_index(reach, level), 1);
        ck_assert_uint_eq(paging_index(reach * 511, level), 511);
        for (int i = 0; i < ROUNDS; i++) {
            uint64_t address = random_below(&state, R4_USER_END);
            EXPECT(paging_index(address, level) == address / reach % 512);
        }
    }
    ck_assert_uint_eq(paging_index(R4_USER_END - 1, 4), 255); /* users have the lower half */
    ck_assert_uint_eq(paging_index(R4_WINDOW_BASE, 4), 1);
}
END_TEST

/* Intel SDM volume 3, tables 4-19 and 4-20: present 0, writable 1, user 2, page size 7, ignored 11:9, no execution 63.
 */
START_TEST(test_leaf) {
    const phys_t frame = 0x3fffffe00000;
    const uint64_t nx = 1ULL << 63;
    ck_assert_uint_eq(paging_leaf(frame, R4_READ, false, PAGING_KIND_NONE), frame | nx | 5);
    ck_assert_uint_eq(paging_leaf(frame, R4_READ | R4_WRITE, false, PAGING_KIND_NONE), frame | nx | 7);
    ck_assert_uint_eq(paging_leaf(frame, R4_READ | R4_EXEC, false, PAGING_KIND_NONE), frame | 5);
    ck_assert_uint_eq(paging_leaf(frame, R4_ALL_RIGHTS, false, PAGING_KIND_NONE), frame | 7);
    ck_assert_uint_eq(paging_leaf(frame, R4_READ, true, PAGING_KIND_NONE), frame | nx | 0x85);
    ck_assert_uint_eq(paging_leaf(frame, R4_READ, false, PAGING_KIND_CAPS), frame | nx | 0x205);
    ck_assert_uint_eq(paging_leaf(0, 0, false, 3), nx | 0x605);
    ck_assert_uint_eq(paging_leaf(0, R4_ALL_RIGHTS & ~(R4_WRITE | R4_EXEC), false, 0), nx | 5);
    ck_assert_uint_eq(paging_table(0x3ffffffff000), 0x3ffffffff007);
}
END_TEST

START_TEST(test_page_kind) {
    uint64_t leaf = paging_leaf(0x3ffffffff000, R4_READ, false, PAGING_KIND_CAPS);
    ck_assert_uint_eq(paging_kind_get(leaf), PAGING_KIND_CAPS);
    ck_assert_uint_eq(leaf & PAGING_ADDRESS, 0x3ffffffff000);
    ck_assert_uint_eq(paging_kind_get(leaf & ~(3ULL << 9)), PAGING_KIND_NONE);
    ck_assert_uint_eq(paging_kind_get(UINT64_MAX), 3);
}
END_TEST

START_TEST(test_walk_finds_each_level) {
    static const uint64_t addresses[] = {
        0, 0x1ff000, R4_ROOT_IMAGE, R4_WINDOW_BASE, R4_WINDOW_BASE + R4_WINDOW_SIZE - 1, R4_USER_END - 1};
    phys_t root = space_start();
    for (size_t i = 0; i < R4_COUNT(addresses); i++) {
        for (uint32_t level = 4; level >= 1; level--) {
            uint64_t *entry = space_entry(root, addresses[i], level);
            ck_assert_ptr_eq(paging_entry(space_direct(), root, addresses[i], level), entry);
        }
    }
}
END_TEST

/* A walk to each level, with each kind of change in an entry at each level above. */
START_TEST(test_walk_stops) {
    const uint64_t address = 0x123456789000;
    static const struct {
        uint64_t change;
        bool stops;
    } changes[] = {
        {PAGING_PRESENT, true},
        {PAGING_LARGE, true},
        {PAGING_WRITE, false},
        {PAGING_NX, false},
        {0x600, false}, /* the AVL bits */
        {0x60, false},  /* accessed, dirty: written by the processor */
        {0x7ff0000000000000, false},
    };
    phys_t root = space_start();
    space_entry(root, address, 1);
    for (uint32_t at = 4; at > 1; at--) {
        uint64_t *entry = space_entry(root, address, at);
        for (size_t i = 0; i < R4_COUNT(changes); i++) {
            *entry ^= changes[i].change;
            for (uint32_t level = 1; level <= 4; level++) {
                bool found = paging_entry(space_direct(), root, address, level) != NULL;
                ck_assert_int_eq(found, level >= at || !changes[i].stops);
            }
            *entry ^= changes[i].change;
        }
    }
}
END_TEST

/* Only the path to one address exists: walks to other addresses end where they leave it. */
START_TEST(test_walk_of_other_addresses) {
    const uint64_t address = 0x2aaaaaaaa000;
    phys_t root = space_start();
    uint64_t *leaf = space_entry(root, address, 1);
    uint64_t state = 13;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t other = random_below(&state, R4_USER_END);
        if (i % 2 == 0) { /* near: only the lower bits differ */
            other = address ^ random_below(&state, 1ULL << random_below(&state, 47));
        }
        for (uint32_t level = 1; level <= 4; level++) {
            bool same = level == 4 || other >> (9 * level + 12) == address >> (9 * level + 12);
            const uint64_t *entry = paging_entry(space_direct(), root, other, level);
            EXPECT((entry != NULL) == same);
            EXPECT(level != 1 || !same || entry == leaf - paging_index(address, 1) + paging_index(other, 1));
        }
    }
}
END_TEST

SUITE_MAIN("paging", test_index_and_reach, test_leaf, test_page_kind, test_walk_finds_each_level, test_walk_stops,
           test_walk_of_other_addresses)
