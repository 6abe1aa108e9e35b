/* SPDX-License-Identifier: MIT
 *
 * Domains, memory parts and layouts against the tables: QEMU's two-socket machine, and machines that are odd.
 */
#include "core/topology.h"
#include "suite.h"
#include <stdio.h>
#include <string.h>

#define MIB (1ULL << 20)

/* Two domains of two cores and 256 MiB, as QEMU describes them: the legacy hole, tables at the end of RAM. */
static struct madt madt;
static struct srat srat;
static struct slit slit;
static struct ranges ram;
static struct topology topology;
static const uint8_t distances[] = {10, 21, 21, 10};

static struct r4_layout_header header;
static struct r4_layout_cluster clusters[2];
static struct r4_layout_core cores[4];
static struct r4_layout_memory memories[4];
static struct r4_layout_peer peers[2];
static const struct r4_layout layout = {&header, clusters, cores, memories, peers, NULL};

static void machine_make(void) {
    madt = (struct madt){.core_count = 6};
    srat = (struct srat){.core_count = 4,
                         .memory_count = 4,
                         .memories = {{0, 0xa0000, 0, 0},
                                      {1 * MIB, 255 * MIB, 0, 1},
                                      {256 * MIB, 256 * MIB, 1, 2},
                                      {4096 * MIB, 1024 * MIB, 1, 3}}}; /* hot-plug: no RAM there */
    for (uint32_t i = 0; i < 6; i++) {
        madt.cores[i] = (struct madt_core){.apic_id = i, .enabled = i < 4, .online_capable = i == 5};
        srat.cores[i] = (struct srat_core){.apic_id = i, .domain = i / 2};
    }
    slit = (struct slit){2, distances};
    ram.count = 0;
    ranges_add(&ram, 0, 0x9fc00);
    ranges_add(&ram, 1 * MIB, 512 * MIB - 0x21000);
    topology = (struct topology){.madt = &madt, .srat = &srat, .slit = &slit, .ram = &ram};
}

static void layout_make(void) {
    header = (struct r4_layout_header){.cluster_count = 2, .core_count = 4, .memory_count = 2, .peer_count = 2};
    for (uint16_t i = 0; i < 4; i++) {
        cores[i] = (struct r4_layout_core){.apic_id = i, .cluster = i / 2};
    }
    for (uint16_t i = 0; i < 2; i++) {
        clusters[i] = (struct r4_layout_cluster){.number = i, .core_count = 2};
        memories[i] = (struct r4_layout_memory){.offset = 0, .size = 256 * MIB, .domain = i, .cluster = i};
        peers[i] = (struct r4_layout_peer){.from = i, .to = 1 - i, .distance = 21};
    }
}

static void setup(void) {
    machine_make();
    layout_make();
}

static void expect_ranges(const struct ranges *ranges, uint32_t count, const struct range *expected) {
    ck_assert_uint_eq(ranges->count, count);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(ranges->list[i].base, expected[i].base);
        ck_assert_uint_eq(ranges->list[i].end, expected[i].end);
    }
}

static struct refusal why;

static void expect_good(void) { ck_assert_msg(topology_check(&topology, &layout, &why), "%s", why.text); }

static void expect_reason(const char *expected) {
    ck_assert(!topology_check(&topology, &layout, &why));
    ck_assert_str_eq(why.text, expected);
}

START_TEST(test_domains) {
    struct ranges out;
    uint32_t domain;
    setup();
    ck_assert_uint_eq(topology_domain_size(&topology, 0), 256 * MIB);
    ck_assert_uint_eq(topology_domain_size(&topology, 1), 256 * MIB); /* without hot-plug */
    ck_assert_uint_eq(topology_domain_size(&topology, 2), 0);
    ck_assert(topology_domain_ram(&topology, 0, &out));
    expect_ranges(&out, 2, (struct range[]){{0, 0x9fc00}, {1 * MIB, 256 * MIB}});
    ck_assert(topology_domain_ram(&topology, 1, &out));
    expect_ranges(&out, 1, (struct range[]){{256 * MIB, 512 * MIB - 0x21000}});
    ck_assert(topology_core_domain(&topology, 3, &domain) && domain == 1);
    ck_assert(!topology_core_domain(&topology, 4, &domain));
    ck_assert_uint_eq(topology_distance(&topology, 0, 1), 21);
}
END_TEST

/* Cut in two: the halves are whole pages, disjoint, and together all of it. */
START_TEST(test_parts) {
    struct ranges out;
    setup();
    ck_assert(topology_domain_part(&topology, 0, 0, 128 * MIB, &out));
    expect_ranges(&out, 2, (struct range[]){{0, 0x9fc00}, {1 * MIB, 128 * MIB}});
    ck_assert(topology_domain_part(&topology, 0, 128 * MIB, 128 * MIB, &out));
    expect_ranges(&out, 1, (struct range[]){{128 * MIB, 256 * MIB}});
    ck_assert(topology_domain_part(&topology, 0, 256 * MIB, 128 * MIB, &out));
    ck_assert_uint_eq(out.count, 0);
}
END_TEST

/* A domain of two ranges with a hole between: the hole is not counted. */
START_TEST(test_part_over_hole) {
    struct ranges out;
    setup();
    srat.memory_count = 2;
    srat.memories[0] = (struct srat_memory){64 * MIB, 64 * MIB, 5, 0};
    srat.memories[1] = (struct srat_memory){256 * MIB, 64 * MIB, 5, 1};
    ck_assert_uint_eq(topology_domain_size(&topology, 5), 128 * MIB);
    ck_assert(topology_domain_part(&topology, 5, 32 * MIB, 64 * MIB, &out));
    expect_ranges(&out, 2, (struct range[]){{96 * MIB, 128 * MIB}, {256 * MIB, 288 * MIB}});
}
END_TEST

/* A range up to the last address, as firmware writes that means "all the rest": its RAM is not lost. */
START_TEST(test_range_to_the_last_address) {
    static const uint64_t ends[] = {UINT64_MAX, UINT64_MAX - 2 * MIB + 2, UINT64_MAX - 2 * MIB + 1,
                                    UINT64_MAX - 2 * MIB};
    struct ranges out;
    for (size_t i = 0; i < R4_COUNT(ends); i++) {
        setup();
        srat.memories[3] = (struct srat_memory){4096 * MIB, ends[i] - 4096 * MIB, 1, 3};
        ranges_add(&ram, 4096 * MIB, 4352 * MIB);
        ck_assert_uint_eq(topology_domain_size(&topology, 1), UINT64_MAX - 2 * MIB + 1 - 4096 * MIB + 256 * MIB);
        ck_assert(topology_domain_part(&topology, 1, 128 * MIB, 256 * MIB, &out));
        expect_ranges(&out, 2, (struct range[]){{384 * MIB, 512 * MIB - 0x21000}, {4096 * MIB, 4224 * MIB}});
    }
    srat.memories[3].size = UINT64_MAX - 4 * MIB - 4096 * MIB;
    ck_assert_uint_eq(topology_domain_size(&topology, 1), UINT64_MAX - 4 * MIB + 1 - 4096 * MIB + 256 * MIB);
}
END_TEST

/* A page that two domains share is counted by both, but its RAM goes to the one that has it. */
START_TEST(test_shared_page) {
    struct ranges out;
    setup();
    srat.memory_count = 2;
    srat.memories[0] = (struct srat_memory){64 * MIB, 63 * MIB, 0, 0};
    srat.memories[1] = (struct srat_memory){127 * MIB, 65 * MIB, 1, 1};
    ck_assert(topology_domain_part(&topology, 0, 0, 64 * MIB, &out));
    expect_ranges(&out, 1, (struct range[]){{64 * MIB, 127 * MIB}});
    ck_assert(topology_domain_part(&topology, 1, 0, 66 * MIB, &out));
    expect_ranges(&out, 1, (struct range[]){{127 * MIB, 192 * MIB}});
}
END_TEST

START_TEST(test_cluster_of_two_domains) {
    struct ranges out;
    uint32_t domain = 9;
    setup();
    memories[1].cluster = 0;
    ck_assert(topology_cluster_ram(&topology, &layout, 0, &out));
    expect_ranges(&out, 2, (struct range[]){{0, 0x9fc00}, {1 * MIB, 512 * MIB - 0x21000}});
    ck_assert(topology_cluster_domain(&layout, 0, &domain) && domain == 0);
    ck_assert(!topology_cluster_domain(&layout, 1, &domain));
}
END_TEST

START_TEST(test_no_srat) {
    uint32_t domain = 9;
    setup();
    topology.srat = NULL;
    topology.slit = NULL;
    ck_assert(topology_core_domain(&topology, 77, &domain) && domain == 0);
    ck_assert_uint_eq(topology_domain_size(&topology, 0), 512 * MIB);
    ck_assert_uint_eq(topology_domain_size(&topology, 1), 0);
    ck_assert_uint_eq(topology_distance(&topology, 0, 0), 0);
    memories[1] = (struct r4_layout_memory){.offset = 256 * MIB, .size = 256 * MIB, .domain = 0, .cluster = 1};
    expect_good();
    memories[1].domain = 1;
    expect_reason("cluster 1 has memory of domain 1, which has no RAM");
}
END_TEST

START_TEST(test_layout_good) {
    setup();
    expect_good();
    peers[0].distance = 0; /* not stated */
    expect_good();
    topology.slit = NULL; /* stated, but nothing to compare it with */
    peers[0].distance = 99;
    expect_good();
}
END_TEST

START_TEST(test_layout_cores) {
    setup();
    cores[3].apic_id = 9;
    expect_reason("cluster 1 has a core with APIC id 9, which the MADT does not list");
    cores[3].apic_id = 4;
    expect_reason("cluster 1 has a core with APIC id 4, which the MADT lists as disabled");
    cores[3].apic_id = 5;
    expect_reason("cluster 1 has a core with APIC id 5, which the MADT lists as not there yet (online capable)");
    cores[3].apic_id = 3;
    srat.core_count = 3;
    expect_reason("cluster 1 has a core with APIC id 3, which the SRAT puts into no domain");
    srat.core_count = 4;
    cores[3].cluster = 0;
    expect_reason("cluster 0 has a core of domain 1 (APIC id 3), but no memory of that domain");
    srat.cores[3].domain = 7; /* a domain of cores only: any memory will do */
    expect_good();
}
END_TEST

START_TEST(test_layout_memory) {
    setup();
    memories[1].offset = 2 * MIB;
    expect_reason("cluster 1 has bytes 0x200000 to 0x10200000 of domain 1, which has 0x10000000 bytes");
    memories[1].offset = 512 * MIB;
    memories[1].size = 2 * MIB;
    expect_reason("cluster 1 has bytes 0x20000000 to 0x20200000 of domain 1, which has 0x10000000 bytes");
    memories[1] = (struct r4_layout_memory){.size = 2 * MIB, .domain = 3, .cluster = 1};
    expect_reason("cluster 1 has memory of domain 3, which has no RAM");
    header.memory_count = 1;
    header.core_count = 2;
    expect_reason("cluster 1 has no memory");
}
END_TEST

START_TEST(test_layout_distance) {
    setup();
    peers[1].distance = 31;
    expect_reason("the distance from cluster 1 to 0 is 31 in the layout, but 21 in the SLIT (domains 1, 0)");
}
END_TEST

SUITE_MAIN("topology", test_domains, test_parts, test_part_over_hole, test_range_to_the_last_address, test_shared_page,
           test_cluster_of_two_domains, test_no_srat, test_layout_good, test_layout_cores, test_layout_memory,
           test_layout_distance)
