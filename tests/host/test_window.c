/* SPDX-License-Identifier: MIT
 *
 * From an index to a slot: the same slot as a walk from the root finds, and nothing where no cap page is.
 */
#include "expect.h"
#include "pure/window.h"
#include "random.h"
#include "space.h"
#include "suite.h"

enum { PAGES = 16, ROUNDS = 20000 };

/* A window with some cap pages, far apart. */
static struct window window;
static uint64_t pages[PAGES]; /* window page numbers */

static uint64_t window_address(uint64_t page) { return 0x8000000000ULL + page * 4096; }

static phys_t window_create(void) {
    static const uint64_t first[] = {0, 1, 511, 512, (1 << 18) - 1, 1 << 18, WINDOW_PAGES - 1};
    uint64_t state = 17;
    phys_t root = space_start();
    for (size_t i = 0; i < PAGES; i++) {
        pages[i] = i < R4_COUNT(first) ? first[i] : random_below(&state, 4) << 17 | random_below(&state, 1024);
        uint64_t *leaf = space_entry(root, window_address(pages[i]), 1);
        *leaf = *leaf != 0 ? *leaf : space_page() | PAGING_NX | 0x205; /* present, user, page kind 1 in bits 10:9 */
    }
    memset(&window, 0, sizeof(window));
    for (size_t i = 0; i < PAGES; i++) {
        uint64_t address = round_down(window_address(pages[i]), R4_LARGE_SIZE);
        window_table_add(&window, address, space_table(*space_entry(root, address, 2) & PAGING_ADDRESS));
    }
    return root;
}

static struct r4_slot *find(uint64_t index) { return window_slot(space_direct(), &window, index); }

/* The slot, found by a walk from the root. */
static struct r4_slot *find_slowly(phys_t root, uint64_t index) {
    const uint64_t *leaf = paging_entry(space_direct(), root, window_address(index / 128), 1);
    if (leaf == NULL || (*leaf & 1) == 0 || (*leaf >> 9 & 3) != 1 || index % 128 == 0) {
        return NULL;
    }
    return (struct r4_slot *)(space_direct() + (*leaf & PAGING_ADDRESS) + index % 128 * 32);
}

START_TEST(test_every_slot_of_every_page) {
    phys_t root = window_create();
    for (size_t i = 0; i < PAGES; i++) {
        for (uint64_t slot = 0; slot < R4_SLOTS_PER_PAGE; slot++) {
            uint64_t index = pages[i] << 7 | slot;
            EXPECT(find(index) == find_slowly(root, index));
            EXPECT((find(index) == NULL) == (slot == 0)); /* slot 0 is the page's header */
        }
    }
}
END_TEST

START_TEST(test_random_indices) {
    phys_t root = window_create();
    uint64_t state = 19;
    uint32_t found = 0;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t index = random_below(&state, 1 << 26);
        if (i % 2 == 0) { /* a page that exists; half the time one bit of its number is wrong */
            index = pages[random_below(&state, PAGES)] << 7 | random_below(&state, 128);
            index ^= i % 4 == 0 ? 1ULL << random_below(&state, 26) : 0;
        }
        EXPECT(find(index) == find_slowly(root, index));
        found += find(index) != NULL;
    }
    ck_assert_uint_gt(found, ROUNDS / 8);
    ck_assert_uint_lt(found, ROUNDS);
}
END_TEST

/* Which tables a range covers, compared with a look at each table of the window. */
START_TEST(test_tables_of_a_range) {
    static const uint64_t sizes[] = {1ULL << 21, 1ULL << 30, 1ULL << 39};
    for (size_t i = 0; i < R4_COUNT(sizes); i++) {
        for (uint64_t base = 0; base<1ULL << 41; base += sizes[i]> 1ULL << 30 ? sizes[i] : sizes[i] * 61) {
            uint64_t address = round_down(base, sizes[i]);
            struct window_tables in = window_tables_in(address, sizes[i]);
            for (uint32_t table = 0; table < WINDOW_TABLES; table++) {
                uint64_t covered = window_address((uint64_t)table << 9);
                bool inside = covered >= address && covered < address + sizes[i];
                EXPECT(inside == (table >= in.first && table - in.first < in.count));
            }
        }
    }
}
END_TEST

START_TEST(test_missing_table) {
    window_create();
    ck_assert_ptr_nonnull(find(1));
    ck_assert_ptr_nonnull(find(1 << 25 | 1));
    window.tables[WINDOW_TABLES / 2] = NULL;
    ck_assert_ptr_null(find(1 << 25 | 1));
    ck_assert_ptr_nonnull(find(1));
    window.tables[0] = NULL;
    ck_assert_ptr_null(find(1));
    window_table_add(&window, R4_WINDOW_BASE - R4_LARGE_SIZE, space_pages[0]); /* outside of the window: ignored */
    window_table_add(&window, R4_WINDOW_BASE + R4_WINDOW_SIZE, space_pages[0]);
    ck_assert_ptr_null(find(1));
    ck_assert_uint_eq(window.name, 0);
}
END_TEST

START_TEST(test_page_kinds) {
    phys_t root = window_create();
    uint64_t *leaf = space_entry(root, window_address(0), 1);
    uint64_t good_leaf = *leaf;
    for (uint64_t kind = 0; kind < 3; kind++) {
        *leaf = (good_leaf & ~0x600ULL) | kind << 9;
        ck_assert_int_eq(find(1) != NULL, kind == PAGING_KIND_CAPS);
        ck_assert_int_eq(window_leaf_is(window_leaf(&window, 1), PAGING_KIND_PROXIES), kind == PAGING_KIND_PROXIES);
    }
    *leaf = 0;
    ck_assert_ptr_null(find(1));
}
END_TEST

/* Every 2 MiB of the window have their own place in the list; a table outside of the window changes nothing. */
START_TEST(test_table_add) {
    static uint64_t table[1];
    for (uint64_t i = 0; i < WINDOW_TABLES; i++) {
        memset(&window, 0, sizeof(window));
        window_table_add(&window, window_address(i * 512), table);
        for (uint64_t j = 0; j < WINDOW_TABLES; j++) {
            EXPECT(window.tables[j] == (i == j ? table : NULL));
        }
    }
    struct window before = window;
    window_table_add(&window, window_address(0) - R4_LARGE_SIZE, table);
    window_table_add(&window, window_address(WINDOW_PAGES), table);
    window_table_add(&window, 0, table);
    ck_assert_mem_eq(&window, &before, sizeof(before));
}
END_TEST

/* The leaf is returned as it is; its kind is in bits 10:9, whatever else it holds. A leaf that is not present is 0. */
START_TEST(test_leaf_kinds) {
    phys_t root = window_create();
    static const uint64_t kinds[] = {PAGING_KIND_NONE, PAGING_KIND_CAPS, PAGING_KIND_PROXIES};
    for (uint64_t rest = 1; rest != 0; rest = rest == 1 ? ~0x600ULL : 0) { /* the other bits: only bit 0, then all */
        for (size_t i = 0; i < R4_COUNT(kinds); i++) {
            uint64_t leaf = rest | kinds[i] << 9;
            *space_entry(root, window_address(0), 1) = leaf;
            ck_assert_uint_eq(window_leaf(&window, 127), leaf);
            ck_assert_int_eq(window_leaf_is(leaf, PAGING_KIND_CAPS), i == 1);
            ck_assert_int_eq(window_leaf_is(leaf, PAGING_KIND_PROXIES), i == 2);
            ck_assert_int_eq(find(127) != NULL, i == 1);
        }
    }
    *space_entry(root, window_address(0), 1) = 0;
    ck_assert_ptr_null(find(127));
    ck_assert_uint_eq(window_leaf(&window, 2 << 7 | 1), 0);
}
END_TEST

/* Bits of a cap address above the index do not matter. */
START_TEST(test_leaf_and_place_of_any_address) {
    window_create();
    uint64_t state = 23;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t index = pages[random_below(&state, PAGES)] << 7 | random_below(&state, 128);
        uint64_t cap = random_next(&state) << 26 | index;
        uint64_t leaf = window_leaf(&window, cap);
        EXPECT(leaf != 0 && leaf == window_leaf(&window, index));
        EXPECT(index % 128 == 0 || window_place(space_direct(), leaf, cap) == (uintptr_t)find(index));
        EXPECT(window_place(0, UINT64_MAX, cap) == 0x000ffffffffff000ULL + index % 128 * 32);
    }
}
END_TEST

START_TEST(test_meets) {
    static const uint64_t base = 0x8000000000ULL;
    static const uint64_t end = 0x8080000000ULL;
    ck_assert(!window_meets(base - 4096, 4096));
    ck_assert(window_meets(base - 4096, 4097));
    ck_assert(window_meets(base, 1));
    ck_assert(window_meets(end - 1, 1));
    ck_assert(!window_meets(end, 4096));
    ck_assert(window_meets(0, 0x7ffffffff000));
    ck_assert(!window_meets(0, base));
}
END_TEST

START_TEST(test_page_address) {
    ck_assert_uint_eq(window_page_address(0), R4_WINDOW_BASE);
    ck_assert_uint_eq(window_page_address(WINDOW_PAGES), R4_WINDOW_BASE + R4_WINDOW_SIZE);
    ck_assert_uint_eq((uint64_t)WINDOW_PAGES * R4_SLOTS_PER_PAGE, r4_cap_index_max() + 1);
}
END_TEST

SUITE_MAIN("window", test_every_slot_of_every_page, test_random_indices, test_tables_of_a_range, test_missing_table,
           test_page_kinds, test_table_add, test_leaf_kinds, test_leaf_and_place_of_any_address, test_meets,
           test_page_address)
