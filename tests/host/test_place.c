/* SPDX-License-Identifier: MIT
 *
 * Pools, reserves, the page below 1 MiB, GiB lists.
 */
#include "core/place.h"
#include "suite.h"
#include <r4/layout.h>

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct ranges ram;
static struct ranges pools;
static struct ranges in_use;

START_TEST(test_pools) {
    bool fits = false;
    ranges_add(&ram, 0, 0x9fc00);
    ranges_add(&ram, 1 * MIB, 256 * MIB - 0x21000);
    ranges_add(&ram, 300 * MIB, 301 * MIB); /* no whole page */
    uint64_t left = place_pools(&ram, &pools, &fits);
    ck_assert(fits);
    ck_assert_uint_eq(pools.count, 1);
    ck_assert_uint_eq(pools.list[0].base, 2 * MIB);
    ck_assert_uint_eq(pools.list[0].end, 254 * MIB);
    ck_assert_uint_eq(left, 0x9fc00 + 1 * MIB + (2 * MIB - 0x21000) + 1 * MIB);
}
END_TEST

START_TEST(test_gibs) {
    struct ranges gibs = {.count = 0};
    ck_assert(place_gibs(&pools, &gibs) && gibs.count == 0);
    ranges_add(&pools, 2 * MIB, 1022 * MIB);
    ranges_add(&pools, 1024 * MIB - 2 * MIB, 1024 * MIB + 2 * MIB); /* in two GiB */
    ranges_add(&pools, 5 * GIB, 6 * GIB);
    ranges_add(&pools, 32767 * GIB, 32768 * GIB); /* the last of 32 TiB */
    ck_assert(place_gibs(&pools, &gibs));
    static const struct range expected[] = {{0, 2 * GIB}, {5 * GIB, 6 * GIB}, {32767 * GIB, 32768 * GIB}};
    ck_assert(gibs.count == R4_COUNT(expected) && memcmp(gibs.list, expected, sizeof(expected)) == 0);
    pools.count = 0;
    ranges_add(&pools, 2 * GIB, 3 * GIB); /* another cluster's */
    ck_assert(place_gibs(&pools, &gibs));
    ck_assert(gibs.count == 3 && gibs.list[0].end == 3 * GIB);
}
END_TEST

/* The parts of a reserve follow each other without gap or overlap, in pages, within its size. */
static void expect_reserve(const struct place_need *need) {
    const phys_t base = 6 * MIB;
    struct place_reserve reserve = place_reserve_at(need, base);
    ck_assert_uint_eq(reserve.size, place_reserve_size(need));
    ck_assert(is_aligned(reserve.size, R4_LARGE_SIZE));
    ck_assert_uint_eq(reserve.image, base);
    ck_assert_uint_eq(reserve.info, base + need->image_size);
    ck_assert_uint_eq(reserve.header, reserve.info + 4 * R4_PAGE_SIZE);
    phys_t rings = reserve.header + R4_PAGE_SIZE;
    ck_assert_uint_eq(reserve.rings, rings);
    ck_assert_uint_eq(reserve.cores, reserve.rings + need->peers * 0x2000U);
    ck_assert_uint_eq(reserve.tables, reserve.cores + need->cores * 0xf000U);
    ck_assert_uint_le(reserve.tables + (uint64_t)reserve.table_count * R4_PAGE_SIZE, base + reserve.size);
    /* root; pointers, directory, 8 tables of the area; direct map: pointers, directories, where these are seen */
    uint32_t slots = (uint32_t)((need->gibs->list[need->gibs->count - 1].end + 511 * GIB) / (512 * GIB));
    ck_assert_uint_eq(reserve.table_count, 1 + 1 + 1 + 8 + slots + ranges_total(need->gibs) / GIB + slots + 2);
}

/* The list of all clusters' pools is ascending, whoever comes first. */
START_TEST(test_list) {
    static struct r4_boot_pool list[R4_BOOT_POOLS];
    uint32_t count = 0;
    for (uint32_t cluster = 0; cluster < 3; cluster++) {
        pools.count = 0;
        for (uint64_t i = 0; i < 4; i++) { /* interleaved, the last cluster's lowest */
            phys_t base = (16 * i + 4 * (2 - cluster)) * MIB;
            ck_assert(ranges_add(&pools, base, base + 2 * MIB * (1 + cluster % 2)));
        }
        ck_assert(place_list(list, &count, &pools, cluster));
    }
    ck_assert_uint_eq(count, 12);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(list[i].base, (16 * (i / 3) + 4 * (i % 3)) * MIB);
        ck_assert_uint_eq(list[i].cluster, 2 - i % 3);
        ck_assert_uint_eq(list[i].size, 2 * MIB * (1 + list[i].cluster % 2));
    }
}
END_TEST

START_TEST(test_list_is_full) {
    static struct r4_boot_pool list[R4_BOOT_POOLS + 1];
    uint32_t count = R4_BOOT_POOLS - 1;
    pools.count = 0;
    ck_assert(ranges_add(&pools, 2 * MIB, 4 * MIB));
    ck_assert(place_list(list, &count, &pools, 0));
    ck_assert_uint_eq(count, R4_BOOT_POOLS);
    ck_assert(!place_list(list, &count, &pools, 1));
    ck_assert_uint_eq(count, R4_BOOT_POOLS);
    ck_assert_uint_eq(list[R4_BOOT_POOLS].size, 0);
    pools.count = 0;
    ck_assert(place_list(list, &count, &pools, 1)); /* none more */
}
END_TEST

START_TEST(test_reserve) {
    static const struct ranges one = {1, {{0, GIB}}};
    static const struct ranges sparse = {2, {{0, 3 * GIB}, {600 * GIB, 601 * GIB}}};
    static const struct ranges all = {1, {{0, 32768 * GIB}}};
    struct place_need small = {.image_size = R4_PAGE_SIZE, .cores = 1, .gibs = &one};
    struct place_need largest = {
        .image_size = R4_LARGE_SIZE, .peers = R4_MAX_CLUSTERS - 1, .cores = R4_MAX_CORES, .gibs = &all};
    expect_reserve(&small);
    ck_assert_uint_eq(place_reserve_size(&small), R4_LARGE_SIZE);
    expect_reserve(&largest);
    ck_assert_uint_eq(place_reserve_size(&largest) / GIB, 0); /* 128 MiB of directories, and a little more */
    small.gibs = &sparse;
    expect_reserve(&small);
}
END_TEST

START_TEST(test_peer_index) {
    ck_assert_uint_eq(place_peer_index(0, 1), 0);
    ck_assert_uint_eq(place_peer_index(2, 0), 0);
    ck_assert_uint_eq(place_peer_index(2, 1), 1);
    ck_assert_uint_eq(place_peer_index(2, 3), 2);
}
END_TEST

START_TEST(test_find) {
    phys_t base = 0;
    ranges_add(&pools, 2 * MIB, 4 * MIB);
    ranges_add(&pools, 6 * MIB, 16 * MIB);
    ck_assert(place_find(&pools, &in_use, 2 * MIB, &base));
    ck_assert_uint_eq(base, 2 * MIB);
    ck_assert(place_find(&pools, &in_use, 4 * MIB, &base));
    ck_assert_uint_eq(base, 6 * MIB);
    ranges_add(&in_use, 2 * MIB + 5, 2 * MIB + 6);
    ck_assert(place_find(&pools, &in_use, 2 * MIB, &base));
    ck_assert_uint_eq(base, 6 * MIB);
    ranges_add(&in_use, 9 * MIB, 10 * MIB);                 /* the page at 8 MiB */
    ck_assert(place_find(&pools, &in_use, 6 * MIB, &base)); /* fits exactly after it */
    ck_assert_uint_eq(base, 10 * MIB);
    ck_assert(!place_find(&pools, &in_use, 8 * MIB, &base));
    ranges_add(&in_use, 0, 16 * MIB - 1);
    ck_assert(!place_find(&pools, &in_use, 2 * MIB, &base));
    ck_assert(!place_find(&pools, &in_use, UINT64_MAX - R4_LARGE_SIZE + 1, &base));
}
END_TEST

START_TEST(test_low_page) {
    phys_t page = 0;
    ck_assert(!place_low_page(&ram, &in_use, &page));
    ranges_add(&ram, 0, 0x9fc00);
    ranges_add(&ram, 1 * MIB, 16 * MIB);
    ck_assert(place_low_page(&ram, &in_use, &page));
    ck_assert_uint_eq(page, 0x9e000); /* 0x9f000 is cut by the firmware's data */
    ranges_add(&in_use, 0x2001, 0x9f000);
    ck_assert(place_low_page(&ram, &in_use, &page));
    ck_assert_uint_eq(page, 0x1000);
    ranges_add(&in_use, 0x1fff, 0x2000);
    ck_assert(!place_low_page(&ram, &in_use, &page)); /* page 0 is never taken */
}
END_TEST

SUITE_MAIN("place", test_pools, test_list, test_list_is_full, test_gibs, test_reserve, test_peer_index, test_find,
           test_low_page)
