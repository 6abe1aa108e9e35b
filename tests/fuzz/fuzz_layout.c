/* SPDX-License-Identifier: MIT
 *
 * r4_layout_open: input = a layout. The mutator repairs size and checksum most of the time.
 */
#include "fuzz.h"
#include <r4/layout.h>

static void clusters_check(const struct r4_layout *layout) {
    uint32_t core = 0;
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        const struct r4_layout_cluster *cluster = &layout->clusters[i];
        FUZZ_CHECK(cluster->number == i && cluster->core_count >= 1 && cluster->core_count <= R4_MAX_CORES);
        for (uint32_t j = 0; j < cluster->core_count; j++, core++) {
            FUZZ_CHECK(layout->cores[core].cluster == i);
        }
    }
    FUZZ_CHECK(core == layout->header->core_count);
}

static void memories_check(const struct r4_layout *layout) {
    uint64_t served = 0;
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        const struct r4_layout_memory *part = &layout->memories[i];
        FUZZ_CHECK(part->cluster < layout->header->cluster_count && part->size != 0);
        FUZZ_CHECK(part->offset + part->size > part->offset && part->offset + part->size <= R4_PHYS_MAX);
        served |= 1ULL << part->cluster;
    }
    FUZZ_CHECK((uint64_t)__builtin_popcountll(served) == layout->header->cluster_count);
}

static void peers_check(const struct r4_layout *layout) {
    bool seen[R4_MAX_CLUSTERS][R4_MAX_CLUSTERS] = {0};
    uint32_t clusters = layout->header->cluster_count;
    FUZZ_CHECK(layout->header->peer_count == clusters * (clusters - 1));
    for (uint32_t i = 0; i < layout->header->peer_count; i++) {
        const struct r4_layout_peer *peer = &layout->peers[i];
        FUZZ_CHECK(peer->from < clusters && peer->to < clusters && peer->from != peer->to);
        FUZZ_CHECK(!seen[peer->from][peer->to]);
        seen[peer->from][peer->to] = true;
    }
}

static void owners_check(const struct r4_layout *layout) {
    bool seen[256] = {0};
    uint32_t clusters = layout->header->cluster_count;
    FUZZ_CHECK(layout->header->console_owner < clusters && layout->header->pci_owner < clusters);
    for (uint32_t i = 0; i < layout->header->io_apic_count; i++) {
        const struct r4_layout_io_apic *io_apic = &layout->io_apics[i];
        FUZZ_CHECK(io_apic->id < R4_COUNT(seen) && io_apic->owner < clusters && !seen[io_apic->id]);
        seen[io_apic->id] = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct r4_layout layout;
    struct refusal why;
    uint8_t *copy = fuzz_copy(data, size);
    if (fuzz_good(r4_layout_open(copy, size, &layout, &why), &why)) {
        clusters_check(&layout);
        memories_check(&layout);
        peers_check(&layout);
        owners_check(&layout);
    }
    free(copy);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    struct r4_layout_header header;
    size = LLVMFuzzerMutate(data, size, max);
    if (seed % 8 != 0 && size >= sizeof(header)) {
        memcpy(&header, data, sizeof(header));
        header.size = (uint32_t)size;
        header.checksum = 0;
        memcpy(data, &header, sizeof(header));
        header.checksum = r4_crc32(0, data, size);
        memcpy(data, &header, sizeof(header));
    }
    return size;
}
