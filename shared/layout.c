/* SPDX-License-Identifier: MIT
 *
 * Checks a layout. The module is untrusted: the counts are compared with the size before an array is read, and each
 * array is checked entry by entry. So after r4_layout_open() every index is good. Quadratic searches are fine: the
 * arrays are short and this runs once.
 */
#include <r4/layout.h>

#define LAYOUT_ALIGNMENT 8U

/* What is wrong, where more than one check says it. */
#define COUNT_WRONG                                                                                                    \
    "a count is zero, too large or does not fit the size, or the owner of the console or of PCI does not exist"
#define CLUSTER_WRONG "a cluster's number, base or core count is wrong"
#define CORE_WRONG    "a core is named twice or its cluster does not exist"
#define PEER_WRONG    "the peers are not one per ordered pair"
#define IO_APIC_WRONG "an I/O APIC is named twice, its id is above 255 or its owner does not exist"
#define TRUNCATED     "the module is shorter than the layout says"

static bool wrong(struct refusal *why, uint32_t entry, const char *text) {
    return refuse(why, "entry %u: %s", entry, text);
}

/* The remainders of four bits: a bit that leaves at the right comes back as the polynomial 0xedb88320. */
static const uint32_t crc_of_nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                           0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                           0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};

uint32_t r4_crc32(uint32_t crc, const void *data, size_t size) {
    const uint8_t *bytes = data;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ crc_of_nibble[crc & 15];
        crc = crc >> 4 ^ crc_of_nibble[crc & 15];
    }
    return ~crc;
}

static uint32_t layout_checksum(const struct r4_layout_header *header) {
    const uint8_t *bytes = (const uint8_t *)header;
    const uint32_t zero = 0;
    const size_t field = offsetof(struct r4_layout_header, checksum);
    const size_t after = field + sizeof(zero);
    uint32_t crc = r4_crc32(0, bytes, field);
    crc = r4_crc32(crc, &zero, sizeof(zero));
    return r4_crc32(crc, bytes + after, header->size - after);
}

static bool check_header(const struct r4_layout_header *header, size_t size, struct refusal *why) {
    if (size < sizeof(*header)) {
        return wrong(why, 0, TRUNCATED);
    }
    if (header->magic != R4_LAYOUT_MAGIC) {
        return wrong(why, 0, "the module is no layout");
    }
    if (header->version != R4_LAYOUT_VERSION || header->header_size != sizeof(*header)) {
        return wrong(why, 0, "the layout has another version");
    }
    if (header->size > size) {
        return wrong(why, 0, TRUNCATED);
    }
    size_t arrays =
        header->cluster_count * sizeof(struct r4_layout_cluster) + header->core_count * sizeof(struct r4_layout_core) +
        header->memory_count * sizeof(struct r4_layout_memory) + header->peer_count * sizeof(struct r4_layout_peer) +
        header->io_apic_count * sizeof(struct r4_layout_io_apic);
    if (header->size != sizeof(*header) + arrays || header->cluster_count == 0 ||
        header->cluster_count > R4_MAX_CLUSTERS || header->console_owner >= header->cluster_count ||
        header->pci_owner >= header->cluster_count) {
        return wrong(why, 0, COUNT_WRONG);
    }
    if (header->checksum != layout_checksum(header)) {
        return wrong(why, 0, "the checksum does not fit");
    }
    uint32_t slots = header->ring_slots;
    if (slots == 0 || slots > 64 || !is_aligned(slots, slots)) {
        return wrong(why, 0, "ring slots are not a power of two from 1 to 64");
    }
    return true;
}

static bool cluster_good(const struct r4_layout *layout, uint32_t index) {
    const struct r4_layout_cluster *cluster = &layout->clusters[index];
    uint64_t area = cluster->virtual_base - R4_VIRTUAL_BASE; /* huge for a base below it */
    uint64_t map = cluster->direct_map - R4_DIRECT_MAP;
    if (cluster->number != index || cluster->core_count == 0 || cluster->core_count > R4_MAX_CORES ||
        !is_aligned(area, R4_KERNEL_AREA) || area / R4_KERNEL_AREA >= R4_MAX_CLUSTERS ||
        !is_aligned(map, 1ULL << R4_DIRECT_MAP_SHIFT) || map >> R4_DIRECT_MAP_SHIFT >= R4_MAX_CLUSTERS) {
        return false;
    }
    for (uint32_t other = 0; other < index; other++) {
        if (layout->clusters[other].virtual_base == cluster->virtual_base ||
            layout->clusters[other].direct_map == cluster->direct_map) {
            return false;
        }
    }
    return true;
}

static bool check_clusters(const struct r4_layout *layout, struct refusal *why) {
    uint32_t cores = 0;
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        if (!cluster_good(layout, i)) {
            return wrong(why, i, CLUSTER_WRONG);
        }
        cores += layout->clusters[i].core_count;
    }
    return cores == layout->header->core_count || wrong(why, 0, COUNT_WRONG);
}

/* The cores of a cluster follow those of the cluster before: so the cluster of each core is known from the counts. The
 * sum of the counts is core_count: check_clusters() has seen it. */
static bool check_cores(const struct r4_layout *layout, struct refusal *why) {
    uint32_t cluster = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < layout->header->core_count; i++) {
        const struct r4_layout_core *core = &layout->cores[i];
        if (i == first + layout->clusters[cluster].core_count) {
            first = i;
            cluster++;
        }
        if (core->cluster >= layout->header->cluster_count) {
            return wrong(why, i, CORE_WRONG);
        }
        if (core->cluster != cluster) {
            return wrong(why, cluster, CLUSTER_WRONG);
        }
        for (uint32_t other = 0; other < i; other++) {
            if (layout->cores[other].apic_id == core->apic_id) {
                return wrong(why, i, CORE_WRONG);
            }
        }
    }
    return true;
}

static bool memory_good(const struct r4_layout *layout, const struct r4_layout_memory *part) {
    return part->cluster < layout->header->cluster_count && part->size != 0 &&
           is_aligned(part->offset | part->size, R4_LARGE_SIZE) && part->offset < R4_PHYS_MAX &&
           part->size <= R4_PHYS_MAX - part->offset;
}

static bool check_memories(const struct r4_layout *layout, struct refusal *why) {
    uint64_t has_memory = 0; /* a bit for each cluster */
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        const struct r4_layout_memory *part = &layout->memories[i];
        if (!memory_good(layout, part)) {
            return wrong(why, i, "a memory part is misaligned, empty or its cluster does not exist");
        }
        has_memory |= 1ULL << part->cluster;
        for (uint32_t j = 0; j < i; j++) {
            const struct r4_layout_memory *other = &layout->memories[j];
            if (other->domain == part->domain && other->offset < part->offset + part->size &&
                part->offset < other->offset + other->size) {
                return wrong(why, i, "two memory parts overlap");
            }
        }
    }
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        if ((has_memory >> i & 1) == 0) {
            return wrong(why, i, COUNT_WRONG);
        }
    }
    return true;
}

static bool check_peers(const struct r4_layout *layout, struct refusal *why) {
    uint64_t seen[R4_MAX_CLUSTERS] = {0}; /* [from], a bit for each `to` */
    uint32_t clusters = layout->header->cluster_count;
    for (uint32_t i = 0; i < layout->header->peer_count; i++) {
        const struct r4_layout_peer *peer = &layout->peers[i];
        if (peer->from >= clusters || peer->to >= clusters || peer->from == peer->to ||
            (seen[peer->from] >> peer->to & 1) != 0) {
            return wrong(why, i, PEER_WRONG);
        }
        if (peer->distance != 0 && (peer->distance < 10 || peer->distance > 254)) {
            return wrong(why, i, PEER_WRONG);
        }
        seen[peer->from] |= 1ULL << peer->to;
    }
    /* each pair is there at most once: if the number is right, all are there */
    return layout->header->peer_count == clusters * (clusters - 1) ||
           wrong(why, layout->header->peer_count, PEER_WRONG);
}

static bool check_io_apics(const struct r4_layout *layout, struct refusal *why) {
    for (uint32_t i = 0; i < layout->header->io_apic_count; i++) {
        const struct r4_layout_io_apic *io_apic = &layout->io_apics[i];
        if (io_apic->id > UINT8_MAX || io_apic->owner >= layout->header->cluster_count) {
            return wrong(why, i, IO_APIC_WRONG);
        }
        for (uint32_t other = 0; other < i; other++) {
            if (layout->io_apics[other].id == io_apic->id) {
                return wrong(why, i, IO_APIC_WRONG);
            }
        }
    }
    return true;
}

bool r4_layout_open(const void *data, size_t size, struct r4_layout *layout, struct refusal *why) {
    if (!is_aligned((uintptr_t)data, LAYOUT_ALIGNMENT)) {
        return wrong(why, 0, "the module is misaligned");
    }
    if (!check_header(data, size, why)) {
        return false;
    }
    layout->header = data;
    layout->clusters = (const struct r4_layout_cluster *)(layout->header + 1);
    layout->cores = (const struct r4_layout_core *)(layout->clusters + layout->header->cluster_count);
    layout->memories = (const struct r4_layout_memory *)(layout->cores + layout->header->core_count);
    layout->peers = (const struct r4_layout_peer *)(layout->memories + layout->header->memory_count);
    layout->io_apics = (const struct r4_layout_io_apic *)(layout->peers + layout->header->peer_count);
    return check_clusters(layout, why) && check_cores(layout, why) && check_memories(layout, why) &&
           check_peers(layout, why) && check_io_apics(layout, why);
}
