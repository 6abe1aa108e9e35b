/* SPDX-License-Identifier: MIT
 *
 * The layout checker: a good layout, cut at every length, every field spoiled, every refusal reached, the largest
 * layout that is allowed.
 */
#include "suite.h"
#include <r4/layout.h>
#include <stdio.h>
#include <stdlib.h>

#define TRUNCATED      "the module is shorter than the layout says"
#define MAGIC_WRONG    "the module is no layout"
#define VERSION_WRONG  "the layout has another version"
#define CHECKSUM_WRONG "the checksum does not fit"
#define COUNT_WRONG                                                                                                    \
    "a count is zero, too large or does not fit the size, or the owner of the console or of PCI does not exist"
#define RING_SLOTS_WRONG "ring slots are not a power of two from 1 to 64"
#define CLUSTER_WRONG    "a cluster's number, base or core count is wrong"
#define CORE_TWICE       "a core is named twice or its cluster does not exist"
#define MEMORY_WRONG     "a memory part is misaligned, empty or its cluster does not exist"
#define MEMORY_OVERLAP   "two memory parts overlap"
#define PEER_WRONG       "the peers are not one per ordered pair"
#define IO_APIC_WRONG    "an I/O APIC is named twice, its id is above 255 or its owner does not exist"

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

static struct refusal why;

/* From a buffer of exactly `size` bytes: ASan sees each read beyond. */
static bool open_copy(const void *data, size_t size) {
    void *copy = malloc(size);
    memcpy(copy, data, size);
    struct r4_layout layout;
    bool good = r4_layout_open(copy, size, &layout, &why);
    free(copy);
    return good;
}

static void expect_refused(const void *data, size_t size, const char *text, uint32_t entry) {
    char sentence[REFUSAL_SIZE];
    snprintf(sentence, sizeof(sentence), "entry %u: %s", entry, text);
    ck_assert(!open_copy(data, size));
    ck_assert_str_eq(why.text, sentence);
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
    ck_assert(r4_layout_open(&sample, sizeof(sample), &layout, &why));
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
    for (size_t size = 1; size < sizeof(sample); size++) {
        expect_refused(&sample, size, TRUNCATED, 0);
    }
    ck_assert(open_copy(&sample, sizeof(sample)));
}
END_TEST

#define AT(field) offsetof(struct sample, field), sizeof(((struct sample *)0)->field)

static const struct spoiled {
    size_t offset;
    size_t width;
    uint64_t value;
    const char *text;
    uint32_t entry;
} spoiled[] = {
    {AT(header.magic), 0x4c345235, MAGIC_WRONG, 0},
    {AT(header.version), 1, VERSION_WRONG, 0},
    {AT(header.header_size), 32, VERSION_WRONG, 0},
    {AT(header.size), sizeof(struct sample) + 1, TRUNCATED, 0},
    {AT(header.size), 0xffffffff, TRUNCATED, 0},
    {AT(header.size), 0, COUNT_WRONG, 0},
    {AT(header.size), sizeof(struct sample) - 8, COUNT_WRONG, 0},
    {AT(header.cluster_count), 0, COUNT_WRONG, 0},
    {AT(header.cluster_count), 0xffff, COUNT_WRONG, 0},
    {AT(header.core_count), 4, COUNT_WRONG, 0},
    {AT(header.memory_count), 0xffff, COUNT_WRONG, 0},
    {AT(header.peer_count), 1, COUNT_WRONG, 0},
    {AT(header.ring_slots), 0, RING_SLOTS_WRONG, 0},
    {AT(header.ring_slots), 24, RING_SLOTS_WRONG, 0},
    {AT(header.ring_slots), 128, RING_SLOTS_WRONG, 0},
    {AT(clusters[1].number), 0, CLUSTER_WRONG, 1},
    {AT(clusters[1].core_count), 0, CLUSTER_WRONG, 1},
    {AT(clusters[0].core_count), R4_MAX_CORES + 1, CLUSTER_WRONG, 0},
    {AT(clusters[0].core_count), 3, COUNT_WRONG, 0},
    {AT(clusters[1].virtual_base), R4_VIRTUAL_BASE, CLUSTER_WRONG, 1},
    {AT(clusters[1].virtual_base), R4_VIRTUAL_BASE + R4_PAGE_SIZE, CLUSTER_WRONG, 1},
    {AT(clusters[1].virtual_base), R4_VIRTUAL_BASE - R4_KERNEL_AREA, CLUSTER_WRONG, 1},
    {AT(clusters[1].virtual_base), 0, CLUSTER_WRONG, 1},
    {AT(clusters[1].direct_map), R4_DIRECT_MAP, CLUSTER_WRONG, 1},
    {AT(clusters[1].direct_map), R4_DIRECT_MAP + R4_LARGE_SIZE, CLUSTER_WRONG, 1},
    {AT(clusters[1].direct_map), 0, CLUSTER_WRONG, 1},
    {AT(cores[0].cluster), 2, CORE_TWICE, 0},
    {AT(cores[1].cluster), 1, CLUSTER_WRONG, 0},
    {AT(cores[2].cluster), 0, CLUSTER_WRONG, 1},
    {AT(cores[2].apic_id), 1, CORE_TWICE, 2},
    {AT(memories[1].cluster), 2, MEMORY_WRONG, 1},
    {AT(memories[1].cluster), 0xffff, MEMORY_WRONG, 1},
    {AT(memories[1].size), 0, MEMORY_WRONG, 1},
    {AT(memories[1].size), R4_PAGE_SIZE, MEMORY_WRONG, 1},
    {AT(memories[1].offset), R4_PAGE_SIZE, MEMORY_WRONG, 1},
    {AT(memories[1].offset), R4_PHYS_MAX, MEMORY_WRONG, 1},
    {AT(memories[1].offset), -(uint64_t)R4_LARGE_SIZE, MEMORY_WRONG, 1},
    {AT(memories[1].size), -(uint64_t)R4_LARGE_SIZE, MEMORY_WRONG, 1},
    {AT(memories[1].offset), 3 * R4_LARGE_SIZE, MEMORY_OVERLAP, 1},
    {AT(memories[2].size), 5 * R4_LARGE_SIZE, MEMORY_OVERLAP, 2},
    {AT(memories[2].cluster), 0, COUNT_WRONG, 1}, /* cluster 1 would have no memory */
    {AT(peers[0].to), 0, PEER_WRONG, 0},
    {AT(peers[0].to), 2, PEER_WRONG, 0},
    {AT(peers[1].from), 0xffff, PEER_WRONG, 1},
    {AT(peers[1].distance), 9, PEER_WRONG, 1},
    {AT(peers[1].distance), 255, PEER_WRONG, 1},
    {AT(header.console_owner), 2, COUNT_WRONG, 0},
    {AT(header.pci_owner), 2, COUNT_WRONG, 0},
    {AT(header.io_apic_count), 3, COUNT_WRONG, 0},
    {AT(header.io_apic_count), 0xffff, COUNT_WRONG, 0},
    {AT(io_apics[0].id), 256, IO_APIC_WRONG, 0},
    {AT(io_apics[0].id), 255, IO_APIC_WRONG, 1},
    {AT(io_apics[1].owner), 2, IO_APIC_WRONG, 1},
};

START_TEST(test_each_field_spoiled) {
    for (size_t i = 0; i < R4_COUNT(spoiled); i++) {
        struct sample sample = make_sample();
        poke(&sample, spoiled[i].offset, spoiled[i].width, spoiled[i].value);
        if (sample.header.size <= sizeof(sample)) {
            seal(&sample.header);
        }
        expect_refused(&sample, sizeof(sample), spoiled[i].text, spoiled[i].entry);
    }
}
END_TEST

START_TEST(test_same_pair_twice) {
    struct sample sample = make_sample();
    sample.peers[1] = sample.peers[0];
    seal(&sample.header);
    expect_refused(&sample, sizeof(sample), PEER_WRONG, 1);
}
END_TEST

START_TEST(test_missing_peer) {
    struct sample sample = make_sample();
    sample.header.peer_count = 1;
    sample.header.io_apic_count = 3; /* the peer's bytes are read as one: peers are checked first */
    seal(&sample.header);
    expect_refused(&sample, sizeof(sample), PEER_WRONG, 1);
}
END_TEST

START_TEST(test_every_flipped_byte) {
    struct sample good = make_sample();
    for (size_t at = 0; at < sizeof(good); at++) {
        struct sample sample = good;
        ((uint8_t *)&sample)[at] ^= 0x40;
        ck_assert(!open_copy(&sample, sizeof(sample)));
        if (at >= sizeof(struct r4_layout_header)) {
            ck_assert_str_eq(why.text, "entry 0: " CHECKSUM_WRONG);
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
    ck_assert(open_copy(layout, sizeof(*layout)));
    layout->cores[R4_COUNT(layout->cores) - 1].apic_id = 0;
    seal(&layout->header);
    expect_refused(layout, sizeof(*layout), CORE_TWICE, R4_COUNT(layout->cores) - 1);
    free(layout);
}
END_TEST

SUITE_MAIN("layout", test_crc32, test_good, test_truncated_at_every_length, test_each_field_spoiled,
           test_same_pair_twice, test_missing_peer, test_every_flipped_byte, test_largest)
