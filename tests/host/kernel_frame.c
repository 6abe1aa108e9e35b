/* SPDX-License-Identifier: MIT
 *
 * The end of a frame's mapping: the entry goes if it still maps this frame, and stays whatever else it holds. Physical
 * and virtual addresses are the same here.
 */
#include "kernel.h"
#include "object/frame.h"
#include "object/pd.h"
#include "random.h"
#include "sched/shootdown.h"

#define NAME    0x70003U
#define REGION  0x61200000ULL /* the 2 MiB whose level-1 table is remembered */
#define ADDRESS (REGION + 77 * R4_PAGE_SIZE)
#define FRAME   0x1234567000ULL

static uint64_t level_1[PAGING_ENTRIES];
static uint64_t level_4[PAGING_ENTRIES]; /* empty: from the root no table is found */
static struct pd pd;
static struct r4_slot slot;

/* --- fakes --- */

uint64_t *pd_leaf_find(struct pd *in, uint64_t address) {
    ck_assert_ptr_eq(in, &pd);
    return &level_1[paging_index(address, 1)];
}

void shootdown_noted(struct core *asker) { ck_abort_msg("%p flushes", (void *)asker); }

/* --- the world --- */

static void start(bool remembered) {
    memset(level_1, 0, sizeof(level_1));
    pd = (struct pd){.window.name = NAME, .cores = 4, .leaf_table = level_1};
    pd.root = (uintptr_t)level_4;
    pd.leaf_region = remembered ? REGION >> R4_LARGE_BITS : PD_NO_REGION;
    memset(&cluster.asids, 0, sizeof(cluster.asids));
    asid_table_init(&cluster.asids, KERNEL_OWN);
    cluster.asids.entries[NAME % ASID_COUNT] = (struct asid_entry){asid_key(KERNEL_OWN, NAME), &pd.window};
    cluster.walk_pages.of[NAME % ASID_COUNT].page = 99;
    cluster.noted_cores = 0;
}

static void slot_map(uint32_t size_log2, uint64_t address) {
    slot = (struct r4_slot){{0}};
    slot_fill(&slot,
              &(struct slot_content){
                  .type = R4_CAP_FRAME, .rights = R4_ALL_RIGHTS, .size_log2 = size_log2, .object = FRAME, .depth = 63});
    slot_mapping_set(&slot, (struct slot_mapping){address, NAME});
}

/* What an entry has to have for a 4 KiB frame to be mapped there as plain memory, one after the other. */
static bool is_plain(const struct r4_slot *of, uint64_t entry) {
    return slot_size_log2(of) == R4_PAGE_BITS && (entry & PAGING_PRESENT) != 0 &&
           paging_kind_get(entry) == PAGING_KIND_NONE && (entry & PAGING_ADDRESS) == slot_pages(of);
}

START_TEST(test_unmapped) {
    for (int remembered = 0; remembered < 2; remembered++) {
        for (uint64_t page = 0; page < 8; page++) { /* these three bits are beside the object in the slot */
            start(remembered != 0);
            slot_map(R4_PAGE_BITS, REGION + page * R4_PAGE_SIZE);
            level_1[page] = paging_leaf(FRAME, page, false, PAGING_KIND_NONE);
            frame_unmap(&slot);
            ck_assert_uint_eq(level_1[page], 0);
            ck_assert_uint_eq(cluster.noted_cores, 4);
            ck_assert_uint_eq(cluster.walk_pages.of[NAME % ASID_COUNT].page, 99);
        }
    }
}
END_TEST

START_TEST(test_proxy_page_forgotten) {
    for (int remembered = 0; remembered < 2; remembered++) {
        start(remembered != 0);
        slot_map(R4_PAGE_BITS, ADDRESS);
        level_1[77] = paging_leaf(FRAME, R4_READ | R4_WRITE, false, PAGING_KIND_PROXIES);
        frame_unmap(&slot);
        ck_assert_uint_eq(level_1[77], 0);
        ck_assert_uint_eq(cluster.noted_cores, 4);
        ck_assert_uint_eq(cluster.walk_pages.of[NAME % ASID_COUNT].page, WALK_NO_PAGE);
    }
}
END_TEST

/* Where the mapping was, there is nothing now, or something else. */
START_TEST(test_stale) {
    const uint64_t entries[] = {0, FRAME, paging_leaf(FRAME + R4_PAGE_SIZE, R4_READ, false, PAGING_KIND_NONE)};
    for (uint32_t i = 0; i < 2 * R4_COUNT(entries); i++) {
        start(i % 2 != 0);
        slot_map(R4_PAGE_BITS, ADDRESS);
        level_1[77] = entries[i / 2];
        frame_unmap(&slot);
        ck_assert_uint_eq(level_1[77], entries[i / 2]);
        ck_assert_uint_eq(cluster.noted_cores, 0);
    }
    start(true);
    slot_map(R4_PAGE_BITS, ADDRESS);
    level_1[77] = paging_leaf(FRAME, R4_READ, false, PAGING_KIND_NONE);
    cluster.asids.entries[NAME % ASID_COUNT].key ^= 1 << 20; /* the name is of no address space any more */
    frame_unmap(&slot);
    ck_assert_uint_ne(level_1[77], 0);
}
END_TEST

/* The remembered table has come in place of a large frame: an entry in it is none of that frame, whatever it names. */
START_TEST(test_large_is_not_small) {
    start(true);
    slot_map(R4_LARGE_BITS, REGION);
    slot.word[2] &= ~r4_slot_object_put(R4_LARGE_SIZE / 64 - 1);
    level_1[0] = paging_leaf(slot_pages(&slot), R4_READ, false, PAGING_KIND_NONE);
    frame_unmap(&slot);
    ck_assert_uint_ne(level_1[0], 0);
    ck_assert_uint_eq(cluster.noted_cores, 0);
}
END_TEST

/* The one comparison finds what the four find, whatever else is in the words. */
START_TEST(test_plain_leaf) {
    static const uint32_t sizes[] = {R4_PAGE_BITS, R4_LARGE_BITS, 30, R4_PAGE_BITS + 1, 28};
    uint64_t state = 23;
    uint32_t plain = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        slot.word[2] = random_next(&state);
        slot.word[2] &= ~r4_slot_object_put(7U << 3); /* a frame is aligned; its mapping has the three bits below */
        slot.word[2] = r4_slot_size_set(slot.word[2], sizes[i % 8 < R4_COUNT(sizes) ? i % 8 : 0]);
        uint64_t entry = slot_pages(&slot) | PAGING_PRESENT | (random_next(&state) & (PAGING_NX | 0x9e)); /* not kind */
        entry ^= i % 2 == 0 ? 0 : 1ULL << (i % 3 == 0 ? random_below(&state, 46) : 9 + random_below(&state, 2));
        ck_assert_int_eq(frame_is_plain_leaf(&slot, entry), is_plain(&slot, entry));
        plain += is_plain(&slot, entry);
    }
    ck_assert_uint_gt(plain, 100000);
    ck_assert_uint_lt(plain, 500000);
}
END_TEST

SUITE_MAIN("frames", test_unmapped, test_proxy_page_forgotten, test_stale, test_large_is_not_small, test_plain_leaf)
