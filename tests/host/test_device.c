/* SPDX-License-Identifier: MIT
 *
 * Owners of what all clusters share: who has which I/O APIC, and layouts that cannot be followed.
 */
#include "core/device.h"
#include "suite.h"

static struct madt madt;
static struct r4_layout_header header;
static struct r4_layout_io_apic named[4];
static const struct r4_layout layout = {.header = &header, .io_apics = named};
static struct refusal why;

static void io_apic_put(uint32_t id, phys_t base) {
    madt.io_apics[madt.io_apic_count++] =
        (struct madt_io_apic){.base = base, .id = id, .first_line = 24 * madt.io_apic_count};
}

static void name_put(uint16_t id, uint16_t owner) {
    named[header.io_apic_count++] = (struct r4_layout_io_apic){id, owner, 0};
}

/* Three I/O APICs, three clusters, the console with cluster 1. */
static void machine_open(void) {
    madt.io_apic_count = 0;
    io_apic_put(8, 0xfec00000);
    io_apic_put(9, 0xfec01000);
    io_apic_put(10, 0xfec02000);
    header = (struct r4_layout_header){.cluster_count = 3, .console_owner = 1};
}

static void expect_own(uint32_t cluster, uint32_t count, const uint32_t *ids) {
    for (uint32_t i = 0; i < count; i++) {
        const struct madt_io_apic *own = device_io_apic(&madt, &layout, cluster, i);
        ck_assert_ptr_nonnull(own);
        ck_assert_uint_eq(own->id, ids[i]);
    }
    ck_assert_ptr_null(device_io_apic(&madt, &layout, cluster, count));
}

static void expect_refusal(const char *text) {
    ck_assert(!device_check(&madt, &layout, &why));
    ck_assert_str_eq(why.text, text);
}

START_TEST(test_console_owner_has_the_rest) {
    machine_open();
    name_put(10, 0);
    ck_assert(device_check(&madt, &layout, &why));
    expect_own(0, 1, (const uint32_t[]){10});
    expect_own(1, 2, (const uint32_t[]){8, 9});
    expect_own(2, 0, NULL);
}
END_TEST

START_TEST(test_none) {
    machine_open();
    madt.io_apic_count = 0;
    ck_assert(device_check(&madt, &layout, &why));
    expect_own(1, 0, NULL);
}
END_TEST

START_TEST(test_not_there) {
    machine_open();
    name_put(8, 0);
    name_put(3, 2);
    expect_refusal("cluster 2 has I/O APIC 3, which the MADT does not list");
}
END_TEST

/* Of one owner they may; of two a kernel would map what is not its own. */
START_TEST(test_shared_page) {
    machine_open();
    io_apic_put(11, 0xfec01400);
    ck_assert(device_check(&madt, &layout, &why));
    name_put(11, 2);
    expect_refusal("I/O APIC 9 is cluster 1's and I/O APIC 11 cluster 2's, but they share a page");
    name_put(9, 2);
    ck_assert(device_check(&madt, &layout, &why));
    expect_own(2, 2, (const uint32_t[]){9, 11});
}
END_TEST

SUITE_MAIN("device", test_console_owner_has_the_rest, test_none, test_not_there, test_shared_page)
