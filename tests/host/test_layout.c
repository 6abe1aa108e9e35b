/* SPDX-License-Identifier: MIT
 *
 * The layout checker: a good layout, cut at every length, every field spoiled, every fault reached, the largest layout
 * that is allowed.
 */
#include "suite.h"
#include <r4/layout.h>
#include <stdlib.h>

/* Two clusters; the first has two cores and two parts of domain 0, the second has the third part. */
struct sample {
    struct r4_layout_header header;
    struct r4_layout_cluster clusters[2];
    struct r4_layout_core cores[3];
    struct r4_layout_memory memories[3];
    struct r4_layout_peer peers[2];
    struct r4_layout_io_apic io_apics[2];
};

static void seal(struct r4_layout_header *header) {
    header->checksum = 0;
    header->checksum = r4_crc32(0, header, header->size);
}

static struct sample make_sample(void) {
    struct sample sample = {
        .header = {.magic = R4_LAYOUT_MAGIC,
                   .version = R4_LAYOUT_VERSION,
                   .header_size = sizeof(struct r4_layout_header),
                   .size = sizeof(struct sample),
                   .cluster_count = 2,
                   .core_count = 3,
                   .memory_count = 3,
                   .peer_count = 2,
                   .ring_slots = 8,
                   .pci_owner = 1,
                   .io_apic_count = 2},
        .clusters = {{R4_VIRTUAL_BASE, R4_DIRECT_MAP, 0, 0, 2, 0},
                     {R4_VIRTUAL_BASE + R4_KERNEL_AREA, R4_DIRECT_MAP + (1ULL << R4_DIRECT_MAP_SHIFT), 1, 0, 1, 0}},
        .cores = {{0, 0, 0}, {1, 0, 0}, {4, 1, 0}},
        .memories = {{0, 4 * R4_LARGE_SIZE, 0, 0, 0},
                     {8 * R4_LARGE_SIZE, 4 * R4_LARGE_SIZE, 0, 0, 0},
                     {4 * R4_LARGE_SIZE, 4 * R4_LARGE_SIZE, 0, 1, 0}},
        .peers = {{0, 1, 200, 21, 0}, {1, 0, 200, 0, 0}},
        .io_apics = {{0, 0, 0}, {255, 1, 0}},
    };
    seal(&sample.header);
    return sample;
}

/* From a buffer of exactly `size` bytes, so that ASan sees each read beyond. */
static enum r4_layout_fault open_copy(const void *data, size_t size, uint32_t *entry) {
    void *copy = malloc(size);
    memcpy(copy, data, size);
    struct r4_layout layout;
    enum r4_layout_fault fault = r4_layout_open(copy, size, &layout, entry);
    free(copy);
    return fault;
}

START_TEST(test_crc32) {
    ck_assert_uint_eq(r4_crc32(0, "123456789", 9), 0xcbf43926U); /* the check value of every catalogue of CRCs */
    ck_assert_uint_eq(r4_crc32(r4_crc32(0, "1234", 4), "56789", 5), 0xcbf43926U);
    ck_assert_uint_eq(r4_crc32(0, "", 0), 0);
}
END_TEST

START_TEST(test_good) {
    struct sample sample = make_sample();
    struct r4_layout layout;
    uint32_t entry;
    ck_assert_int_eq(r4_layout_open(&sample, sizeof(sample), &layout, &entry), R4_LAYOUT_GOOD);
    ck_assert_ptr_eq(layout.header, &sample.header);
    ck_assert_ptr_eq(layout.clusters, sample.clusters);
    ck_assert_ptr_eq(layout.cores, sample.cores);
    ck_assert_ptr_eq(layout.memories, sample.memories);
    ck_assert_ptr_eq(layout.peers, sample.peers);
    ck_assert_ptr_eq(layout.io_apics, sample.io_apics);
}
END_TEST

START_TEST(test_truncated_at_every_length) {
    struct sample sample = make_sample();
    uint32_t entry;
    for (size_t size = 1; size < sizeof(sample); size++) {
        ck_assert_int_eq(open_copy(&sample, size, &entry), R4_LAYOUT_TRUNCATED);
    }
    ck_assert_int_eq(open_copy(&sample, sizeof(sample), &entry), R4_LAYOUT_GOOD);
}
END_TEST

#define AT(field) offsetof(struct sample, field), sizeof(((struct sample *)0)->field)

static const struct spoiled {
    size_t offset;
    size_t width;
    uint64_t value;
    enum r4_layout_fault fault;
    uint32_t entry;
} spoiled[] = {
    {AT(header.magic), 0x4c345235, R4_LAYOUT_MAGIC_WRONG, 0},
    {AT(header.version), 1, R4_LAYOUT_VERSION_WRONG, 0},
    {AT(header.header_size), 32, R4_LAYOUT_VERSION_WRONG, 0},
    {AT(header.size), sizeof(struct sample) + 1, R4_LAYOUT_TRUNCATED, 0},
    {AT(header.size), 0xffffffff, R4_LAYOUT_TRUNCATED, 0},
    {AT(header.size), 0, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.size), sizeof(struct sample) - 8, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.cluster_count), 0, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.cluster_count), 0xffff, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.core_count), 4, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.memory_count), 0xffff, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.peer_count), 1, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.ring_slots), 0, R4_LAYOUT_RING_SLOTS_WRONG, 0},
    {AT(header.ring_slots), 24, R4_LAYOUT_RING_SLOTS_WRONG, 0},
    {AT(header.ring_slots), 128, R4_LAYOUT_RING_SLOTS_WRONG, 0},
    {AT(clusters[1].number), 0, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].core_count), 0, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[0].core_count), R4_MAX_CORES + 1, R4_LAYOUT_CLUSTER_WRONG, 0},
    {AT(clusters[0].core_count), 3, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(clusters[1].virtual_base), R4_VIRTUAL_BASE, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].virtual_base), R4_VIRTUAL_BASE + R4_PAGE_SIZE, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].virtual_base), R4_VIRTUAL_BASE - R4_KERNEL_AREA, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].virtual_base), 0, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].direct_map), R4_DIRECT_MAP, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].direct_map), R4_DIRECT_MAP + R4_LARGE_SIZE, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(clusters[1].direct_map), 0, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(cores[0].cluster), 2, R4_LAYOUT_CORE_TWICE, 0},
    {AT(cores[1].cluster), 1, R4_LAYOUT_CLUSTER_WRONG, 0},
    {AT(cores[2].cluster), 0, R4_LAYOUT_CLUSTER_WRONG, 1},
    {AT(cores[2].apic_id), 1, R4_LAYOUT_CORE_TWICE, 2},
    {AT(memories[1].cluster), 2, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].cluster), 0xffff, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].size), 0, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].size), R4_PAGE_SIZE, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].offset), R4_PAGE_SIZE, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].offset), R4_PHYS_MAX, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].offset), -(uint64_t)R4_LARGE_SIZE, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].size), -(uint64_t)R4_LARGE_SIZE, R4_LAYOUT_MEMORY_WRONG, 1},
    {AT(memories[1].offset), 3 * R4_LARGE_SIZE, R4_LAYOUT_MEMORY_OVERLAP, 1},
    {AT(memories[2].size), 5 * R4_LARGE_SIZE, R4_LAYOUT_MEMORY_OVERLAP, 2},
    {AT(memories[2].cluster), 0, R4_LAYOUT_COUNT_WRONG, 1}, /* cluster 1 would have no memory */
    {AT(peers[0].to), 0, R4_LAYOUT_PEER_WRONG, 0},
    {AT(peers[0].to), 2, R4_LAYOUT_PEER_WRONG, 0},
    {AT(peers[1].from), 0xffff, R4_LAYOUT_PEER_WRONG, 1},
    {AT(peers[1].distance), 9, R4_LAYOUT_PEER_WRONG, 1},
    {AT(peers[1].distance), 255, R4_LAYOUT_PEER_WRONG, 1},
    {AT(header.console_owner), 2, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.pci_owner), 2, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.io_apic_count), 3, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(header.io_apic_count), 0xffff, R4_LAYOUT_COUNT_WRONG, 0},
    {AT(io_apics[0].id), 256, R4_LAYOUT_IO_APIC_WRONG, 0},
    {AT(io_apics[0].id), 255, R4_LAYOUT_IO_APIC_WRONG, 1},
    {AT(io_apics[1].owner), 2, R4_LAYOUT_IO_APIC_WRONG, 1},
};

START_TEST(test_each_field_spoiled) {
    uint32_t reached = 1U << R4_LAYOUT_GOOD | 1U << R4_LAYOUT_CHECKSUM_WRONG; /* the latter is the next test's */
    for (size_t i = 0; i < R4_COUNT(spoiled); i++) {
        struct sample sample = make_sample();
        poke(&sample, spoiled[i].offset, spoiled[i].width, spoiled[i].value);
        if (sample.header.size <= sizeof(sample)) {
            seal(&sample.header);
        }
        uint32_t entry;
        enum r4_layout_fault fault = open_copy(&sample, sizeof(sample), &entry);
        ck_assert_msg(fault == spoiled[i].fault && entry == spoiled[i].entry, "case %zu: %s, entry %u", i,
                      r4_layout_fault_text(fault), entry);
        reached |= 1U << fault;
    }
    ck_assert_uint_eq(reached, (1U << R4_LAYOUT_FAULT_COUNT) - 1);
}
END_TEST

START_TEST(test_same_pair_twice) {
    struct sample sample = make_sample();
    sample.peers[1] = sample.peers[0];
    seal(&sample.header);
    uint32_t entry;
    ck_assert_int_eq(open_copy(&sample, sizeof(sample), &entry), R4_LAYOUT_PEER_WRONG);
    ck_assert_uint_eq(entry, 1);
}
END_TEST

START_TEST(test_missing_link) {
    struct sample sample = make_sample();
    sample.header.peer_count = 1;
    sample.header.io_apic_count = 3; /* the link's bytes are taken for one: links are checked first */
    seal(&sample.header);
    uint32_t entry;
    ck_assert_int_eq(open_copy(&sample, sizeof(sample), &entry), R4_LAYOUT_PEER_WRONG);
    ck_assert_uint_eq(entry, 1);
}
END_TEST

START_TEST(test_every_flipped_byte) {
    struct sample good = make_sample();
    for (size_t at = 0; at < sizeof(good); at++) {
        struct sample sample = good;
        ((uint8_t *)&sample)[at] ^= 0x40;
        uint32_t entry;
        enum r4_layout_fault fault = open_copy(&sample, sizeof(sample), &entry);
        ck_assert_int_ne(fault, R4_LAYOUT_GOOD);
        if (at >= sizeof(struct r4_layout_header)) {
            ck_assert_int_eq(fault, R4_LAYOUT_CHECKSUM_WRONG);
        }
    }
}
END_TEST

struct largest {
    struct r4_layout_header header;
    struct r4_layout_cluster clusters[R4_MAX_CLUSTERS];
    struct r4_layout_core cores[R4_MAX_CLUSTERS * R4_MAX_CORES];
    struct r4_layout_memory memories[R4_MAX_CLUSTERS];
    struct r4_layout_peer peers[R4_MAX_CLUSTERS * (R4_MAX_CLUSTERS - 1)];
    struct r4_layout_io_apic io_apics[R4_MAX_IO_APICS];
};

static void fill_largest(struct largest *layout) {
    layout->header = make_sample().header;
    layout->header.size = sizeof(*layout);
    layout->header.cluster_count = R4_MAX_CLUSTERS;
    layout->header.core_count = R4_MAX_CLUSTERS * R4_MAX_CORES;
    layout->header.memory_count = R4_MAX_CLUSTERS;
    layout->header.peer_count = R4_COUNT(layout->peers);
    layout->header.ring_slots = 64;
    layout->header.io_apic_count = R4_COUNT(layout->io_apics);
    struct r4_layout_peer *peer = layout->peers;
    for (uint16_t i = 0; i < R4_MAX_CLUSTERS; i++) {
        layout->clusters[i] = (struct r4_layout_cluster){R4_VIRTUAL_BASE + (uint64_t)i * R4_KERNEL_AREA,
                                                         R4_DIRECT_MAP + ((uint64_t)i << R4_DIRECT_MAP_SHIFT),
                                                         i,
                                                         i,
                                                         R4_MAX_CORES,
                                                         0};
        layout->memories[i] = (struct r4_layout_memory){0, R4_PHYS_MAX, i, i, 0};
        for (uint32_t core = 0; core < R4_MAX_CORES; core++) {
            layout->cores[i * R4_MAX_CORES + core] = (struct r4_layout_core){i * R4_MAX_CORES + core, i, 0};
        }
        for (uint16_t to = 0; to < R4_MAX_CLUSTERS; to++) {
            if (to != i) {
                *peer++ = (struct r4_layout_peer){i, to, 255, 254, 0};
            }
        }
    }
    for (uint16_t i = 0; i < R4_MAX_IO_APICS; i++) {
        layout->io_apics[i] = (struct r4_layout_io_apic){UINT8_MAX - i, i % R4_MAX_CLUSTERS, 0};
    }
    seal(&layout->header);
}

START_TEST(test_largest) {
    struct largest *layout = calloc(1, sizeof(*layout));
    fill_largest(layout);
    uint32_t entry;
    ck_assert_int_eq(open_copy(layout, sizeof(*layout), &entry), R4_LAYOUT_GOOD);
    layout->cores[R4_COUNT(layout->cores) - 1].apic_id = 0;
    seal(&layout->header);
    ck_assert_int_eq(open_copy(layout, sizeof(*layout), &entry), R4_LAYOUT_CORE_TWICE);
    ck_assert_uint_eq(entry, R4_COUNT(layout->cores) - 1);
    free(layout);
}
END_TEST

START_TEST(test_texts) {
    ck_assert_str_eq(r4_layout_fault_text(R4_LAYOUT_GOOD), "good");
    ck_assert_str_eq(r4_layout_fault_text(R4_LAYOUT_PEER_WRONG), "the peers are not one per ordered pair");
    ck_assert_str_eq(r4_layout_fault_text(R4_LAYOUT_FAULT_COUNT), "unknown fault");
    ck_assert_str_eq(r4_layout_fault_text((enum r4_layout_fault) - 1), "unknown fault");
}
END_TEST

SUITE_MAIN("layout", test_crc32, test_good, test_truncated_at_every_length, test_each_field_spoiled,
           test_same_pair_twice, test_missing_link, test_every_flipped_byte, test_largest, test_texts)
