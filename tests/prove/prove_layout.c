/* SPDX-License-Identifier: MIT
 *
 * r4_layout_open: every module of 0 to 39 bytes, and every layout of up to two clusters, two cores, two memory parts,
 * two peers, and one I/O APIC or two with two of each of these, of any content.
 */
#include "prove.h"
#include <r4/layout.h>

static void layout_open(const uint8_t *bytes, uint32_t size) {
    struct r4_layout layout;
    struct refusal why;
    r4_layout_open(bytes, size, &layout, &why);
}

static void layout_try(uint32_t clusters, uint32_t cores, uint32_t memories, uint32_t peers, uint32_t io_apics) {
    uint32_t size = (uint32_t)(sizeof(struct r4_layout_header) + clusters * sizeof(struct r4_layout_cluster) +
                               cores * sizeof(struct r4_layout_core) + memories * sizeof(struct r4_layout_memory) +
                               peers * sizeof(struct r4_layout_peer) + io_apics * sizeof(struct r4_layout_io_apic));
    uint8_t *bytes = prove_bytes(size);
    struct r4_layout_header *header = (struct r4_layout_header *)(void *)bytes;
    header->size = size;
    header->cluster_count = (uint16_t)clusters;
    header->core_count = (uint16_t)cores;
    header->memory_count = (uint16_t)memories;
    header->peer_count = (uint16_t)peers;
    header->io_apic_count = (uint16_t)io_apics;
    layout_open(bytes, size);
    free(bytes);
}

void main(void) {
    for (uint32_t size = 0; size < sizeof(struct r4_layout_header); size++) {
        uint8_t *bytes = prove_bytes(size + 8) + 8;
        layout_open(bytes, size);
    }
    for (uint32_t clusters = 0; clusters <= 2; clusters++) {
        for (uint32_t cores = 0; cores <= 2; cores++) {
            for (uint32_t memories = 0; memories <= 2; memories++) {
                for (uint32_t peers = 0; peers <= 2; peers++) {
                    layout_try(clusters, cores, memories, peers, 0);
                }
            }
        }
    }
    layout_try(2, 2, 2, 2, 1);
    layout_try(2, 2, 2, 2, 2);
}
