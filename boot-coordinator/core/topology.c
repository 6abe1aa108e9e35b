/* SPDX-License-Identifier: MIT
 *
 * Domains, and whether a layout fits them. See topology.h.
 */
#include "topology.h"
#include <r4/contract.h>

bool topology_core_domain(const struct topology *topology, uint32_t apic_id, uint32_t *domain) {
    *domain = 0;
    if (topology->srat == NULL) {
        return true;
    }
    const struct srat_core *core = srat_find(topology->srat, apic_id);
    if (core == NULL) {
        return false;
    }
    *domain = core->domain;
    return true;
}

uint32_t topology_distance(const struct topology *topology, uint32_t from, uint32_t to) {
    return topology->slit != NULL ? slit_distance(topology->slit, from, to) : 0;
}

/* The next range of the machine, from *index on, that belongs to `domain` and holds any RAM; hot-plug ranges hold
 * none. */
static bool domain_next(const struct topology *topology, uint32_t domain, uint32_t *index, struct range *range) {
    if (topology->srat == NULL) {
        if (domain != 0 || *index >= topology->ram->count) {
            return false;
        }
        *range = topology->ram->list[(*index)++];
        return true;
    }
    while (*index < topology->srat->memory_count) {
        const struct srat_memory *memory = &topology->srat->memories[(*index)++];
        *range = (struct range){memory->base, memory->base + memory->size};
        if (memory->domain == domain && ranges_meet(topology->ram, range->base, range->end)) {
            return true;
        }
    }
    return false;
}

bool topology_domain_ram(const struct topology *topology, uint32_t domain, struct ranges *out) {
    struct ranges all = {.count = 0};
    struct range range;
    uint32_t index = 0;
    while (domain_next(topology, domain, &index, &range)) {
        if (!ranges_add(&all, range.base, range.end)) {
            return false;
        }
    }
    return ranges_intersect(&all, topology->ram, out);
}

/* The next stretch of whole pages that the domain touches, after what was counted before (*end). The last page of all
 * addresses is in none: its end would be 0, and no machine has RAM there. */
static bool pages_next(const struct topology *topology, uint32_t domain, uint32_t *index, phys_t *end,
                       struct range *pages) {
    const phys_t last = round_down(UINT64_MAX, R4_LARGE_SIZE);
    struct range range;
    while (domain_next(topology, domain, index, &range)) {
        pages->base = round_down(range.base, R4_LARGE_SIZE);
        pages->end = range.end > last ? last : round_up(range.end, R4_LARGE_SIZE);
        pages->base = pages->base < *end ? *end : pages->base;
        if (pages->base < pages->end) {
            *end = pages->end;
            return true;
        }
    }
    return false;
}

uint64_t topology_domain_size(const struct topology *topology, uint32_t domain) {
    uint64_t size = 0;
    uint32_t index = 0;
    phys_t end = 0;
    struct range pages;
    while (pages_next(topology, domain, &index, &end, &pages)) {
        size += pages.end - pages.base;
    }
    return size;
}

bool topology_domain_part(const struct topology *topology, uint32_t domain, uint64_t offset, uint64_t size,
                          struct ranges *out) {
    struct ranges part = {.count = 0};
    struct ranges ram;
    uint64_t position = 0; /* of pages.base, counted over the domain */
    uint32_t index = 0;
    phys_t end = 0;
    struct range pages;
    KERNEL_ASSERT(is_aligned(offset | size, R4_LARGE_SIZE) && offset + size >= offset);
    while (pages_next(topology, domain, &index, &end, &pages)) {
        uint64_t length = pages.end - pages.base;
        uint64_t from = offset > position ? offset - position : 0;
        uint64_t to = offset + size > position ? offset + size - position : 0;
        from = from < length ? from : length;
        to = to < length ? to : length;
        if (!ranges_add(&part, pages.base + from, pages.base + to)) {
            return false;
        }
        position += length;
    }
    return topology_domain_ram(topology, domain, &ram) && ranges_intersect(&part, &ram, out);
}

struct topology_need topology_need(const struct topology *topology, uint32_t clusters, uint32_t cores) {
    struct ranges gibs = {.count = 0};
    struct place_need need = {.image_size = topology->image_size, .peers = clusters - 1, .cores = cores, .gibs = &gibs};
    if (topology->image_size == 0 || !place_gibs(topology->ram, &gibs) || gibs.count == 0) {
        return (struct topology_need){0, 0};
    }
    return (struct topology_need){place_reserve_size(&need), place_root_size(topology->root_size, clusters)};
}

bool topology_domain_holds(const struct topology *topology, uint32_t domain, const struct topology_need *need) {
    static const struct ranges none;
    const struct ranges *in_use = topology->in_use != NULL ? topology->in_use : &none;
    struct ranges ram;
    struct ranges pools;
    phys_t base;
    bool fits;
    if (need->reserve == 0) {
        return topology_domain_size(topology, domain) != 0;
    }
    if (!topology_domain_ram(topology, domain, &ram)) {
        return true; /* too many ranges are no reason to think it small */
    }
    place_pools(&ram, &pools, &fits);
    return place_find(&pools, in_use, need->reserve, &base) && ranges_remove(&pools, base, base + need->reserve) &&
           place_find(&pools, in_use, need->root, &base);
}

bool topology_cluster_ram(const struct topology *topology, const struct r4_layout *layout, uint32_t cluster,
                          struct ranges *out) {
    struct ranges part;
    out->count = 0;
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        const struct r4_layout_memory *memory = &layout->memories[i];
        if (memory->cluster != cluster) {
            continue;
        }
        if (!topology_domain_part(topology, memory->domain, memory->offset, memory->size, &part)) {
            return false;
        }
        for (uint32_t j = 0; j < part.count; j++) {
            if (!ranges_add(out, part.list[j].base, part.list[j].end)) {
                return false;
            }
        }
    }
    return true;
}

bool topology_cluster_domain(const struct r4_layout *layout, uint32_t cluster, uint32_t *domain) {
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        if (layout->memories[i].cluster == cluster) {
            *domain = layout->memories[i].domain;
            return true;
        }
    }
    return false;
}

static bool cluster_has_domain(const struct r4_layout *layout, uint32_t cluster, uint32_t domain) {
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        if (layout->memories[i].cluster == cluster && layout->memories[i].domain == domain) {
            return true;
        }
    }
    return false;
}

static bool core_check(const struct topology *topology, const struct r4_layout *layout,
                       const struct topology_need *need, const struct r4_layout_core *core, struct refusal *why) {
    const struct madt_core *known = madt_find(topology->madt, core->apic_id);
    uint32_t domain;
    if (known == NULL) {
        return refuse(why, "cluster %u has a core with APIC id %u, which the MADT does not list", core->cluster,
                      core->apic_id);
    }
    if (!known->enabled) {
        return refuse(why, "cluster %u has a core with APIC id %u, which the MADT lists as %s", core->cluster,
                      core->apic_id, known->online_capable ? "not there yet (online capable)" : "disabled");
    }
    if (!topology_core_domain(topology, core->apic_id, &domain)) {
        return refuse(why, "cluster %u has a core with APIC id %u, which the SRAT puts into no domain", core->cluster,
                      core->apic_id);
    }
    /* A domain that has only cores, or too little memory for a kernel, has none to agree with. */
    if (!cluster_has_domain(layout, core->cluster, domain) && topology_domain_holds(topology, domain, need)) {
        return refuse(why, "cluster %u has a core of domain %u (APIC id %u), but no memory of that domain",
                      core->cluster, domain, core->apic_id);
    }
    return true;
}

static bool memory_check(const struct topology *topology, const struct r4_layout_memory *memory, struct refusal *why) {
    uint64_t there = topology_domain_size(topology, memory->domain);
    if (there == 0) {
        return refuse(why, "cluster %u has memory of domain %u, which has no RAM", memory->cluster, memory->domain);
    }
    if (memory->offset > there || memory->size > there - memory->offset) {
        return refuse(why, "cluster %u has bytes 0x%lx to 0x%lx of domain %u, which has 0x%lx bytes", memory->cluster,
                      memory->offset, memory->offset + memory->size, memory->domain, there);
    }
    return true;
}

/* `domains`: of each cluster. */
static bool peer_check(const struct topology *topology, const struct r4_layout_peer *peer, const uint32_t *domains,
                       struct refusal *why) {
    uint32_t from = domains[peer->from];
    uint32_t to = domains[peer->to];
    uint32_t distance = topology_distance(topology, from, to);
    if (peer->distance == 0 || distance == 0 || distance == peer->distance) {
        return true;
    }
    return refuse(why, "the distance from cluster %u to %u is %u in the layout, but %u in the SLIT (domains %u, %u)",
                  peer->from, peer->to, peer->distance, distance, from, to);
}

bool topology_check(const struct topology *topology, const struct r4_layout *layout, struct refusal *why) {
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        if (!memory_check(topology, &layout->memories[i], why)) {
            return false;
        }
    }
    uint32_t largest = 0;
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        largest = layout->clusters[i].core_count > largest ? layout->clusters[i].core_count : largest;
    }
    const struct topology_need need = topology_need(topology, layout->header->cluster_count, largest);
    for (uint32_t i = 0; i < layout->header->core_count; i++) {
        if (!core_check(topology, layout, &need, &layout->cores[i], why)) {
            return false;
        }
    }
    uint32_t domains[R4_MAX_CLUSTERS];
    for (uint32_t cluster = 0; cluster < layout->header->cluster_count; cluster++) {
        if (!topology_cluster_domain(layout, cluster, &domains[cluster])) {
            return refuse(why, "cluster %u has no memory", cluster);
        }
    }
    for (uint32_t i = 0; i < layout->header->peer_count; i++) {
        if (!peer_check(topology, &layout->peers[i], domains, why)) {
            return false;
        }
    }
    return true;
}
