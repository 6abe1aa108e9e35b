/* SPDX-License-Identifier: MIT
 *
 * Checks a layout. The module is untrusted: the counts are compared with the size before an array is read, and each
 * array is checked entry by entry. So after r4_layout_open() every index is good. Quadratic searches are fine: the
 * arrays are short and this runs once.
 */
#include <r4/layout.h>

#define LAYOUT_TEXT(name, text) text,

static const char *const texts[] = {R4_LAYOUT_FAULT_LIST(LAYOUT_TEXT)};

const char *r4_layout_fault_text(enum r4_layout_fault fault) {
    return (unsigned)fault < R4_COUNT(texts) ? texts[fault] : "unknown fault";
}

uint32_t r4_crc32(uint32_t crc, const void *data, size_t size) {
    const uint8_t *bytes = data;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0);
        }
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

static enum r4_layout_fault check_header(const struct r4_layout_header *header, size_t size) {
    if (size < sizeof(*header)) {
        return R4_LAYOUT_TRUNCATED;
    }
    if (header->magic != R4_LAYOUT_MAGIC) {
        return R4_LAYOUT_MAGIC_WRONG;
    }
    if (header->version != R4_LAYOUT_VERSION || header->header_size != sizeof(*header)) {
        return R4_LAYOUT_VERSION_WRONG;
    }
    if (header->size > size) {
        return R4_LAYOUT_TRUNCATED;
    }
    size_t arrays =
        header->cluster_count * sizeof(struct r4_layout_cluster) + header->core_count * sizeof(struct r4_layout_core) +
        header->memory_count * sizeof(struct r4_layout_memory) + header->peer_count * sizeof(struct r4_layout_peer) +
        header->io_apic_count * sizeof(struct r4_layout_io_apic);
    if (header->size != sizeof(*header) + arrays || header->cluster_count == 0 ||
        header->cluster_count > R4_MAX_CLUSTERS || header->console_owner >= header->cluster_count ||
        header->pci_owner >= header->cluster_count) {
        return R4_LAYOUT_COUNT_WRONG;
    }
    if (header->checksum != layout_checksum(header)) {
        return R4_LAYOUT_CHECKSUM_WRONG;
    }
    uint32_t slots = header->ring_slots;
    if (slots == 0 || slots > 64 || !is_aligned(slots, slots)) {
        return R4_LAYOUT_RING_SLOTS_WRONG;
    }
    return R4_LAYOUT_GOOD;
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

static enum r4_layout_fault check_clusters(const struct r4_layout *layout, uint32_t *entry) {
    uint32_t cores = 0;
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        *entry = i;
        if (!cluster_good(layout, i)) {
            return R4_LAYOUT_CLUSTER_WRONG;
        }
        cores += layout->clusters[i].core_count;
    }
    *entry = 0;
    return cores == layout->header->core_count ? R4_LAYOUT_GOOD : R4_LAYOUT_COUNT_WRONG;
}

/* The cores of a cluster follow those of the cluster before: so the cluster of each core is known from the counts. The
 * sum of the counts is core_count: check_clusters() has seen it. */
static enum r4_layout_fault check_cores(const struct r4_layout *layout, uint32_t *entry) {
    uint32_t cluster = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < layout->header->core_count; i++) {
        const struct r4_layout_core *core = &layout->cores[i];
        if (i == first + layout->clusters[cluster].core_count) {
            first = i;
            cluster++;
        }
        *entry = i;
        if (core->cluster >= layout->header->cluster_count) {
            return R4_LAYOUT_CORE_TWICE;
        }
        if (core->cluster != cluster) {
            *entry = cluster;
            return R4_LAYOUT_CLUSTER_WRONG;
        }
        for (uint32_t other = 0; other < i; other++) {
            if (layout->cores[other].apic_id == core->apic_id) {
                return R4_LAYOUT_CORE_TWICE;
            }
        }
    }
    return R4_LAYOUT_GOOD;
}

static bool memory_good(const struct r4_layout *layout, const struct r4_layout_memory *part) {
    return part->cluster < layout->header->cluster_count && part->size != 0 &&
           is_aligned(part->offset | part->size, R4_LARGE_SIZE) && part->offset < R4_PHYS_MAX &&
           part->size <= R4_PHYS_MAX - part->offset;
}

static enum r4_layout_fault check_memories(const struct r4_layout *layout, uint32_t *entry) {
    uint64_t has_memory = 0; /* a bit for each cluster */
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        const struct r4_layout_memory *part = &layout->memories[i];
        *entry = i;
        if (!memory_good(layout, part)) {
            return R4_LAYOUT_MEMORY_WRONG;
        }
        has_memory |= 1ULL << part->cluster;
        for (uint32_t j = 0; j < i; j++) {
            const struct r4_layout_memory *other = &layout->memories[j];
            if (other->domain == part->domain && other->offset < part->offset + part->size &&
                part->offset < other->offset + other->size) {
                return R4_LAYOUT_MEMORY_OVERLAP;
            }
        }
    }
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        *entry = i;
        if ((has_memory >> i & 1) == 0) {
            return R4_LAYOUT_COUNT_WRONG;
        }
    }
    return R4_LAYOUT_GOOD;
}

static enum r4_layout_fault check_peers(const struct r4_layout *layout, uint32_t *entry) {
    uint64_t seen[R4_MAX_CLUSTERS] = {0}; /* [from], a bit for each `to` */
    uint32_t clusters = layout->header->cluster_count;
    for (uint32_t i = 0; i < layout->header->peer_count; i++) {
        const struct r4_layout_peer *peer = &layout->peers[i];
        *entry = i;
        if (peer->from >= clusters || peer->to >= clusters || peer->from == peer->to ||
            (seen[peer->from] >> peer->to & 1) != 0) {
            return R4_LAYOUT_PEER_WRONG;
        }
        if (peer->distance != 0 && (peer->distance < 10 || peer->distance > 254)) {
            return R4_LAYOUT_PEER_WRONG;
        }
        seen[peer->from] |= 1ULL << peer->to;
    }
    *entry = layout->header->peer_count; /* each pair is there at most once: if the number is right, all are there */
    return layout->header->peer_count == clusters * (clusters - 1) ? R4_LAYOUT_GOOD : R4_LAYOUT_PEER_WRONG;
}

static enum r4_layout_fault check_io_apics(const struct r4_layout *layout, uint32_t *entry) {
    for (uint32_t i = 0; i < layout->header->io_apic_count; i++) {
        const struct r4_layout_io_apic *io_apic = &layout->io_apics[i];
        *entry = i;
        if (io_apic->id > UINT8_MAX || io_apic->owner >= layout->header->cluster_count) {
            return R4_LAYOUT_IO_APIC_WRONG;
        }
        for (uint32_t other = 0; other < i; other++) {
            if (layout->io_apics[other].id == io_apic->id) {
                return R4_LAYOUT_IO_APIC_WRONG;
            }
        }
    }
    return R4_LAYOUT_GOOD;
}

enum r4_layout_fault r4_layout_open(const void *data, size_t size, struct r4_layout *layout, uint32_t *entry) {
    *entry = 0;
    enum r4_layout_fault fault = check_header(data, size);
    if (fault != R4_LAYOUT_GOOD) {
        return fault;
    }
    layout->header = data;
    layout->clusters = (const struct r4_layout_cluster *)(layout->header + 1);
    layout->cores = (const struct r4_layout_core *)(layout->clusters + layout->header->cluster_count);
    layout->memories = (const struct r4_layout_memory *)(layout->cores + layout->header->core_count);
    layout->peers = (const struct r4_layout_peer *)(layout->memories + layout->header->memory_count);
    layout->io_apics = (const struct r4_layout_io_apic *)(layout->peers + layout->header->peer_count);
    fault = check_clusters(layout, entry);
    if (fault == R4_LAYOUT_GOOD) {
        fault = check_cores(layout, entry);
    }
    if (fault == R4_LAYOUT_GOOD) {
        fault = check_memories(layout, entry);
    }
    if (fault == R4_LAYOUT_GOOD) {
        fault = check_peers(layout, entry);
    }
    if (fault == R4_LAYOUT_GOOD) {
        fault = check_io_apics(layout, entry);
    }
    return fault;
}
