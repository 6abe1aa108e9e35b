/* SPDX-License-Identifier: MIT
 *
 * Which pool an address range is in, as seen by any kernel.
 */
#include "cluster/pools.h"
#include "kernel.h"

#define MIB (1ULL << 20)

void lock_pass(struct lock_node *node, struct core *core) {
    (void)node;
    (void)core;
}

static void pool_add(phys_t base, uint64_t size, uint32_t number) {
    struct r4_boot_info *info = &r4_linker_boot_info;
    info->pools[info->pool_count++] = (struct r4_boot_pool){.base = base, .size = size, .cluster = number};
}

/* The same without a search: all pools are looked at, all pages of the range. */
static const struct r4_boot_pool *expected(phys_t base, uint64_t size) {
    for (uint32_t i = 0; i < r4_linker_boot_info.pool_count; i++) {
        const struct r4_boot_pool *pool = &r4_linker_boot_info.pools[i];
        bool inside = true;
        for (uint64_t at = 0; at < size; at += 2 * MIB) {
            inside = inside && base + at >= pool->base && base + at < pool->base + pool->size;
        }
        if (inside) {
            return pool;
        }
    }
    return NULL;
}

/* Lists of every length up to 9, neighbours that touch and neighbours that do not; every range of their addresses. */
START_TEST(test_every_range) {
    for (uint32_t seed = 0; seed < 64; seed++) {
        phys_t end = 2 * MIB * (seed % 3);
        r4_linker_boot_info.pool_count = 0;
        for (uint32_t i = 0; i < seed % 10; i++) {
            uint64_t size = 2 * MIB * (1 + (seed >> i) % 3);
            pool_add(end + 2 * MIB * ((seed + i) % 2), size, i % KERNEL_CLUSTERS);
            end += size + 2 * MIB * ((seed + i) % 2);
        }
        for (phys_t base = 0; base < end + 6 * MIB; base += 2 * MIB) {
            for (uint64_t size = 2 * MIB; size <= 8 * MIB; size += 2 * MIB) {
                ck_assert_ptr_eq(pool_around(base, size), expected(base, size));
            }
        }
    }
}
END_TEST

/* A peer may offer any address and size. */
START_TEST(test_ends_of_the_address_space) {
    static const uint64_t ends[] = {0, 1, 2 * MIB, 1ULL << 30, R4_PHYS_MAX, 1ULL << 63, UINT64_MAX - 2 * MIB + 1};
    ck_assert_ptr_null(pool_around(0, 2 * MIB)); /* there is none at all */
    pool_add(2 * MIB, 2 * MIB, 0);
    pool_add(R4_PHYS_MAX - 4 * MIB, 4 * MIB, 1);
    for (size_t i = 0; i < R4_COUNT(ends); i++) {
        for (size_t j = 0; j < R4_COUNT(ends); j++) {
            bool good = ends[i] == 2 * MIB && ends[j] <= 2 * MIB;
            ck_assert_int_eq(pool_around(ends[i], ends[j]) != NULL, good);
        }
    }
    ck_assert_ptr_eq(pool_around(R4_PHYS_MAX - 2 * MIB, 2 * MIB), &r4_linker_boot_info.pools[1]);
    ck_assert_ptr_null(pool_around(R4_PHYS_MAX - 2 * MIB, 4 * MIB));
}
END_TEST

SUITE_MAIN("kernel pools", test_every_range, test_ends_of_the_address_space)
