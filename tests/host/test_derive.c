/* SPDX-License-Identifier: MIT
 *
 * Layouts made from the tables: one for each rule of core/derive.h, and the limits. Each derived layout is packed and
 * goes through the checker that a module goes through.
 */
#include "core/derive.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIB         (1ULL << 20)
#define FAR         40
#define UNREACHABLE 255

static struct madt madt;
static struct srat srat;
static struct slit slit;
static struct ranges ram;
static struct topology topology;
static struct derive derive;
static struct r4_layout layout;
static struct refusal why;
static uint8_t distances[64 * 64];

static void core_put(uint32_t apic_id, uint32_t domain) {
    madt.cores[madt.core_count++] = (struct madt_core){.apic_id = apic_id, .enabled = true};
    srat.cores[srat.core_count++] = (struct srat_core){.apic_id = apic_id, .domain = domain};
}

/* Ranges are put in ascending order. */
static void memory_put(phys_t base, uint64_t size, uint32_t domain, bool there) {
    srat.memories[srat.memory_count] = (struct srat_memory){base, size, domain, srat.memory_count};
    srat.memory_count++;
    if (there) {
        ranges_add(&ram, base, base + size);
    }
}

static void distance_put(uint32_t from, uint32_t to, uint8_t distance) {
    distances[from * slit.count + to] = distance;
    distances[to * slit.count + from] = distance;
}

static void machine_open(uint32_t domains) {
    madt.core_count = 0;
    srat.core_count = 0;
    srat.memory_count = 0;
    ram.count = 0;
    slit = (struct slit){domains, distances};
    for (uint32_t i = 0; i < domains * domains; i++) {
        distances[i] = i / domains == i % domains ? 10 : FAR;
    }
    topology = (struct topology){.madt = &madt, .srat = &srat, .slit = &slit, .ram = &ram};
}

/* What linkgen.py would have written, as one block, opened by the checker; and the layout held against the tables. */
static void expect_layout(uint32_t clusters, uint32_t cores) {
    ck_assert_msg(derive_layout(&topology, madt.cores[0].apic_id, 254, &derive, &layout, &why), "%s", why.text);
    const struct r4_layout_header *header = layout.header;
    ck_assert_uint_eq(header->cluster_count, clusters);
    ck_assert_uint_eq(header->core_count, cores);
    ck_assert(header->console_owner == 0 && header->pci_owner == 0 && header->io_apic_count == 0);
    size_t sizes[] = {sizeof(*header), clusters * sizeof(*layout.clusters), cores * sizeof(*layout.cores),
                      header->memory_count * sizeof(*layout.memories), header->peer_count * sizeof(*layout.peers)};
    const void *parts[] = {header, layout.clusters, layout.cores, layout.memories, layout.peers};
    size_t size = 0;
    uint8_t *block = malloc(sizeof(derive));
    for (uint32_t i = 0; i < R4_COUNT(parts); i++) {
        memcpy(block + size, parts[i], sizes[i]);
        size += sizes[i];
    }
    struct r4_layout_header *packed = (struct r4_layout_header *)block;
    packed->size = (uint32_t)size;
    packed->checksum = r4_crc32(0, block, size); /* the field is zero */
    struct r4_layout opened;
    ck_assert_msg(r4_layout_open(block, size, &opened, &why), "%s", why.text);
    ck_assert_msg(topology_check(&topology, &layout, &why), "%s", why.text);
    free(block);
}

static void expect_part(uint32_t index, uint16_t cluster, uint32_t domain, uint64_t offset, uint64_t size) {
    ck_assert_uint_lt(index, layout.header->memory_count);
    const struct r4_layout_memory *part = &layout.memories[index];
    ck_assert_uint_eq(part->cluster, cluster);
    ck_assert_uint_eq(part->domain, domain);
    ck_assert_uint_eq(part->offset, offset);
    ck_assert_uint_eq(part->size, size);
}

static void expect_reason(const char *expected) {
    ck_assert(!derive_layout(&topology, madt.cores[0].apic_id, 254, &derive, &layout, &why));
    ck_assert_str_eq(why.text, expected);
}

static void two_domains(void) {
    machine_open(2);
    distance_put(0, 1, 21);
    core_put(0, 0);
    core_put(2, 1);
    core_put(1, 0);
    core_put(3, 1);
    memory_put(0, 256 * MIB, 0, true);
    memory_put(256 * MIB, 128 * MIB, 1, true);
    memory_put(4096 * MIB, 256 * MIB, 1, false);
}

/* Each domain is a cluster; cores in the order of their ids; what is not there counts for nothing. */
START_TEST(test_domains) {
    static const uint32_t apic_ids[] = {0, 1, 2, 3};
    two_domains();
    madt.cores[madt.core_count++] = (struct madt_core){.apic_id = 8, .online_capable = true};
    srat.cores[srat.core_count++] = (struct srat_core){.apic_id = 8, .domain = 1};
    srat.cores[srat.core_count++] = (struct srat_core){.apic_id = 9, .domain = 7};
    madt.cores[madt.core_count++] = (struct madt_core){.apic_id = 10, .enabled = true}; /* in no domain */
    core_put(300, 1);                                                                   /* needs x2APIC mode */
    expect_layout(2, 4);
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(layout.cores[i].apic_id, apic_ids[i]);
        ck_assert_uint_eq(layout.cores[i].cluster, i / 2);
    }
    ck_assert_uint_eq(layout.header->memory_count, 2);
    expect_part(0, 0, 0, 0, 256 * MIB);
    expect_part(1, 1, 1, 0, 128 * MIB);
    ck_assert_uint_eq(layout.peers[0].distance, 21);
    ck_assert_uint_eq(layout.peers[0].priority, 200);
    ck_assert_uint_eq(layout.header->ring_slots, 8);
    ck_assert_uint_eq(layout.clusters[1].group, 1);
    ck_assert_uint_eq(layout.header->flags, 0);
}
END_TEST

/* Without an SRAT all cores and all RAM are one domain. */
START_TEST(test_no_srat) {
    two_domains();
    topology.srat = NULL;
    topology.slit = NULL;
    expect_layout(1, 4);
    expect_part(0, 0, 0, 0, 384 * MIB);
    ck_assert_uint_eq(layout.header->peer_count, 0);
}
END_TEST

/* Domain 2 has memory only: nearest to domain 1; without a SLIT, or on a tie, to the lowest. */
START_TEST(test_memory_only) {
    machine_open(3);
    core_put(0, 0);
    core_put(1, 1);
    memory_put(0, 64 * MIB, 0, true);
    memory_put(64 * MIB, 64 * MIB, 1, true);
    memory_put(128 * MIB, 256 * MIB, 2, true);
    distance_put(1, 2, 30);
    expect_layout(2, 2);
    ck_assert_uint_eq(layout.header->memory_count, 3);
    expect_part(0, 0, 0, 0, 64 * MIB);
    expect_part(1, 1, 1, 0, 64 * MIB);
    expect_part(2, 1, 2, 0, 256 * MIB);
    distance_put(1, 2, FAR);
    expect_layout(2, 2);
    expect_part(2, 0, 2, 0, 256 * MIB);
    distance_put(0, 2, UNREACHABLE); /* far is nearer than unreachable */
    expect_layout(2, 2);
    expect_part(2, 1, 2, 0, 256 * MIB);
    topology.slit = NULL;
    expect_layout(2, 2);
    expect_part(2, 0, 2, 0, 256 * MIB);
}
END_TEST

/* Domains 1 and 3 have cores only. Their nearest memory is domain 2's, which has one core of its own: shares by cores.
 */
START_TEST(test_cores_only) {
    machine_open(4);
    core_put(0, 0);
    core_put(1, 1);
    core_put(2, 1);
    core_put(3, 2);
    core_put(4, 3);
    memory_put(0, 64 * MIB, 0, true);
    memory_put(64 * MIB, 256 * MIB, 2, true);
    distance_put(1, 2, 20);
    distance_put(3, 2, 20);
    expect_layout(4, 5);
    ck_assert_uint_eq(layout.header->memory_count, 4);
    expect_part(0, 0, 0, 0, 64 * MIB);
    expect_part(1, 1, 2, 0, 128 * MIB);
    expect_part(2, 2, 2, 128 * MIB, 64 * MIB);
    expect_part(3, 3, 2, 192 * MIB, 64 * MIB);
    topology.slit = NULL; /* the lowest domain with memory */
    expect_layout(4, 5);
    expect_part(0, 0, 0, 0, 16 * MIB);
    expect_part(1, 1, 0, 16 * MIB, 32 * MIB);
    expect_part(2, 3, 0, 48 * MIB, 16 * MIB);
    expect_part(3, 2, 2, 0, 256 * MIB);
}
END_TEST

/* A memory-only domain that is the home of cores without memory goes to them and to nobody else. */
START_TEST(test_cores_find_memory_only) {
    machine_open(3);
    core_put(0, 0);
    core_put(1, 1);
    memory_put(0, 64 * MIB, 0, true);
    memory_put(64 * MIB, 64 * MIB, 2, true);
    distance_put(1, 2, 20);
    distance_put(0, 2, 11);
    expect_layout(2, 2);
    ck_assert_uint_eq(layout.header->memory_count, 2);
    expect_part(1, 1, 2, 0, 64 * MIB);
    ck_assert_uint_eq(layout.peers[0].distance, 11); /* between the memories */
}
END_TEST

/* Shares go by RAM: what is a hole, or a place for more, does not count. */
START_TEST(test_shares_of_ram) {
    machine_open(2);
    core_put(0, 0);
    core_put(1, 1);
    memory_put(0, 1024 * MIB, 0, false);
    ranges_add(&ram, 0, 64 * MIB);
    ranges_add(&ram, 128 * MIB, 192 * MIB);
    expect_layout(2, 2);
    expect_part(0, 0, 0, 0, 64 * MIB);
    expect_part(1, 1, 0, 64 * MIB, 960 * MIB);
}
END_TEST

/* A domain of more cores than a cluster can have is several clusters of even size. */
START_TEST(test_large_domain) {
    machine_open(1);
    for (uint32_t i = 0; i < 130; i++) {
        core_put(i, 0);
    }
    memory_put(0, 260 * MIB, 0, true);
    expect_layout(3, 130);
    ck_assert_uint_eq(layout.clusters[0].core_count, 44);
    ck_assert_uint_eq(layout.clusters[1].core_count, 43);
    ck_assert_uint_eq(layout.clusters[2].core_count, 43);
    expect_part(0, 0, 0, 0, 88 * MIB);
    expect_part(1, 1, 0, 88 * MIB, 86 * MIB);
    expect_part(2, 2, 0, 174 * MIB, 86 * MIB);
    ck_assert_uint_eq(layout.peers[0].distance, 10);
}
END_TEST

static void expect_cut(uint32_t core, uint32_t first_id) {
    ck_assert_uint_eq(layout.cores[core].apic_id, first_id);
    ck_assert_uint_eq(layout.cores[core].cluster, layout.cores[core - 1].cluster + 1U);
}

/* A domain is cut in the order of the ids, which is not the MADT's on real machines, and never between the threads of
 * one core. Its parts are one group. */
START_TEST(test_cut_between_cores) {
    machine_open(2);
    for (uint32_t thread = 0; thread < 2; thread++) { /* first all first threads */
        for (uint32_t core = 0; core < 33; core++) {
            core_put(core * 2 + thread, 0);
        }
    }
    core_put(100, 1);
    memory_put(0, 256 * MIB, 0, true);
    memory_put(256 * MIB, 256 * MIB, 1, true);
    expect_layout(3, 67);
    expect_cut(33, 33); /* nobody has said that ids 32 and 33 are one core */
    topology.thread_bits = 1;
    expect_layout(3, 67);
    expect_cut(34, 34);
    ck_assert_uint_eq(layout.clusters[1].core_count, 32);
    ck_assert(layout.clusters[0].group == 0 && layout.clusters[1].group == 0 && layout.clusters[2].group == 2);
    topology.thread_bits = 2;
    expect_layout(3, 67);
    expect_cut(36, 36);
    topology.thread_bits = 31; /* one core of 66 threads: cut all the same */
    expect_layout(3, 67);
    expect_cut(33, 33);
}
END_TEST

/* As much as a cluster can have is a limit for the longer part, too: the cut goes to the lower side. */
START_TEST(test_cut_of_full_clusters) {
    machine_open(1);
    core_put(1, 0); /* its sibling is switched off */
    for (uint32_t id = 2; id < 129; id++) {
        core_put(id, 0);
    }
    memory_put(0, 256 * MIB, 0, true);
    topology.thread_bits = 1;
    expect_layout(3, 128);
    expect_cut(63, 64);
    ck_assert_uint_eq(layout.clusters[1].core_count + layout.clusters[2].core_count, 65);
}
END_TEST

/* Two sockets of 192 threads: six clusters, two groups. */
START_TEST(test_two_large_sockets) {
    machine_open(2);
    for (uint32_t id = 0; id < 384; id++) {
        core_put(id < 192 ? id : id + 64, id / 192);
    }
    memory_put(0, 1024 * MIB, 0, true);
    memory_put(1024 * MIB, 1024 * MIB, 1, true);
    topology.thread_bits = 1;
    ck_assert(derive_layout(&topology, 0, UINT32_MAX, &derive, &layout, &why));
    ck_assert_uint_eq(layout.header->cluster_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert(layout.clusters[i].core_count == 64 && layout.clusters[i].group == i / 3 * 3);
    }
}
END_TEST

/* Domain 1 has less RAM than a kernel needs: its kernel goes to domain 2, and its RAM to it as a second part. */
START_TEST(test_small_domain) {
    machine_open(3);
    distance_put(1, 2, 20);
    core_put(0, 0);
    core_put(1, 1);
    memory_put(0, 64 * MIB, 0, true);
    memory_put(64 * MIB, 4 * MIB, 1, true);
    memory_put(128 * MIB, 64 * MIB, 2, true);
    expect_layout(2, 2); /* the kernel's size is not known: any RAM will do */
    expect_part(1, 1, 1, 0, 4 * MIB);
    topology.image_size = 256 * 1024;
    topology.root_size = 512 * 1024;
    expect_layout(2, 2); /* 2 MiB for the kernel, 2 for the root task */
    expect_part(1, 1, 1, 0, 4 * MIB);
    struct ranges in_use = {1, {{64 * MIB, 64 * MIB + 1}}};
    topology.in_use = &in_use;
    expect_layout(2, 2);
    ck_assert_uint_eq(layout.header->memory_count, 3);
    expect_part(0, 0, 0, 0, 64 * MIB);
    expect_part(1, 1, 2, 0, 64 * MIB);
    expect_part(2, 1, 1, 0, 4 * MIB);
    topology.slit = NULL; /* its own cores are nearest all the same */
    expect_layout(2, 2);
    expect_part(1, 1, 0, 32 * MIB, 32 * MIB);
    expect_part(2, 1, 1, 0, 4 * MIB);
    topology.slit = &slit;
    topology.in_use = NULL;
    topology.root_size = 2 * MIB;
    expect_layout(2, 2);
    expect_part(2, 1, 1, 0, 4 * MIB);
}
END_TEST

/* Where no domain has enough, nothing is moved: the placement will say what is missing. */
START_TEST(test_all_domains_small) {
    two_domains();
    topology.image_size = 400 * MIB;
    expect_layout(2, 4);
    expect_part(0, 0, 0, 0, 256 * MIB);
    expect_part(1, 1, 1, 0, 128 * MIB);
}
END_TEST

START_TEST(test_drop_core) {
    static const uint32_t left[] = {0, 2, 3};
    two_domains();
    expect_layout(2, 4);
    ck_assert(derive_drop_core(&derive, 1, &why));
    ck_assert_uint_eq(layout.header->core_count, 3);
    ck_assert(layout.clusters[0].core_count == 1 && layout.clusters[1].core_count == 2);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(layout.cores[i].apic_id == left[i] && layout.cores[i].cluster == (i > 0));
    }
    ck_assert(topology_check(&topology, &layout, &why));
    ck_assert(!derive_drop_core(&derive, 0, &why));
    ck_assert_str_eq(why.text, "cluster 0 has no other core than that with APIC id 0");
}
END_TEST

/* 64 clusters, 4 TiB, interleaved in ranges of 8 GiB: within a second, under the sanitizers, too. */
START_TEST(test_large_map_is_quick) {
    machine_open(64);
    for (uint32_t i = 0; i < 64 * 64; i++) {
        core_put(i, i / 64);
    }
    for (uint32_t i = 0; i < 512; i++) {
        memory_put(i * 8192 * MIB, 8192 * MIB, i % 64, true);
    }
    topology.image_size = 256 * 1024;
    clock_t begin = clock();
    ck_assert_msg(derive_layout(&topology, 0, UINT32_MAX, &derive, &layout, &why), "%s", why.text);
    ck_assert_uint_lt((clock() - begin) * 1000 / CLOCKS_PER_SEC, 1000);
    ck_assert(layout.header->cluster_count == 64 && layout.header->core_count == 64 * 64);
    struct ranges part;
    for (uint32_t i = 0; i < 64; i++) {
        ck_assert(topology_cluster_ram(&topology, &layout, i, &part));
        ck_assert_uint_eq(ranges_total(&part), 65536 * MIB);
    }
}
END_TEST

/* 64 domains of 16 cores, numbered with gaps that the SLIT does not reach: 1,024 cores. */
START_TEST(test_largest) {
    machine_open(2);
    for (uint32_t i = 0; i < 64 * 16; i++) {
        core_put(i, i / 16 * 1000);
    }
    for (uint32_t i = 0; i < 64; i++) {
        memory_put(i * 64 * MIB, 64 * MIB, i * 1000, true);
    }
    ck_assert(derive_layout(&topology, 0, UINT32_MAX, &derive, &layout, &why));
    ck_assert_uint_eq(layout.header->cluster_count, 64);
    ck_assert_uint_eq(layout.header->core_count, 1024);
    ck_assert_uint_eq(layout.header->peer_count, 64 * 63);
    ck_assert_uint_eq(layout.peers[0].distance, 0);
    ck_assert_uint_eq(layout.cores[1023].cluster, 63);
    ck_assert(topology_check(&topology, &layout, &why));
    core_put(2000, 64000);
    ck_assert(!derive_layout(&topology, 0, UINT32_MAX, &derive, &layout, &why));
    ck_assert_str_eq(why.text, "the tables make 65 clusters, more than 64");
}
END_TEST

START_TEST(test_refusals) {
    two_domains();
    srat.core_count = 0;
    expect_reason("the boot processor (APIC id 0) is in no domain");
    two_domains();
    srat.memory_count = 0;
    expect_reason("no domain has RAM");
    two_domains();
    for (uint32_t i = 0; i < DERIVE_DOMAINS_MAX; i++) {
        core_put(1000 + i, 1000 + i);
    }
    ck_assert(!derive_layout(&topology, 0, UINT32_MAX, &derive, &layout, &why));
    ck_assert_str_eq(why.text, "the tables name more than 576 domains");
    machine_open(2);
    core_put(0, 0);
    core_put(1, 1);
    memory_put(0, 2 * MIB, 0, true);
    expect_reason("domain 0 has too little RAM for the clusters that share it");
}
END_TEST

SUITE_MAIN("derive", test_domains, test_no_srat, test_memory_only, test_cores_only, test_cores_find_memory_only,
           test_shares_of_ram, test_large_domain, test_cut_between_cores, test_cut_of_full_clusters,
           test_two_large_sockets, test_small_domain, test_all_domains_small, test_drop_core, test_large_map_is_quick,
           test_largest, test_refusals)
