/* SPDX-License-Identifier: MIT
 *
 * A layout from the tables. See derive.h.
 */
#include "derive.h"

#define DISTANCE_UNREACHABLE 255U
#define RANK_LAST            256U

/* The domain's entry, a new one if there is none yet; null: there are too many. */
static struct derive_domain *domain_add(struct derive *derive, uint32_t number) {
    uint32_t at = 0;
    while (at < derive->domain_count && derive->domains[at].number < number) {
        at++;
    }
    if (at < derive->domain_count && derive->domains[at].number == number) {
        return &derive->domains[at];
    }
    if (derive->domain_count == DERIVE_DOMAINS_MAX) {
        return NULL;
    }
    for (uint32_t i = derive->domain_count; i > at; i--) {
        derive->domains[i] = derive->domains[i - 1];
    }
    derive->domain_count++;
    derive->domains[at] = (struct derive_domain){.number = number};
    return &derive->domains[at];
}

static bool memory_note(const struct topology *topology, struct derive *derive, uint32_t number) {
    uint64_t size = topology_domain_size(topology, number);
    if (size == 0) {
        return true; /* only places for memory that could be added */
    }
    struct derive_domain *domain = domain_add(derive, number);
    if (domain == NULL) {
        return false;
    }
    domain->size = size;
    return true;
}

static bool cores_note(const struct topology *topology, struct derive *derive, uint32_t apic_id_max) {
    for (uint32_t i = 0; i < topology->madt->core_count; i++) {
        const struct madt_core *core = &topology->madt->cores[i];
        derive->core_used[i] = core->enabled && core->apic_id <= apic_id_max &&
                               topology_core_domain(topology, core->apic_id, &derive->core_domain[i]);
        if (derive->core_used[i]) {
            struct derive_domain *domain = domain_add(derive, derive->core_domain[i]);
            if (domain == NULL) {
                return false;
            }
            domain->core_count++;
        }
    }
    return true;
}

static bool domains_note(const struct topology *topology, struct derive *derive, uint32_t apic_id_max) {
    derive->domain_count = 0;
    if (topology->srat == NULL) {
        return memory_note(topology, derive, 0) && cores_note(topology, derive, apic_id_max);
    }
    for (uint32_t i = 0; i < topology->srat->memory_count; i++) {
        if (!memory_note(topology, derive, topology->srat->memories[i].domain)) {
            return false;
        }
    }
    return cores_note(topology, derive, apic_id_max);
}

static bool boot_core_used(const struct topology *topology, const struct derive *derive, uint32_t apic_id) {
    for (uint32_t i = 0; i < topology->madt->core_count; i++) {
        if (topology->madt->cores[i].apic_id == apic_id) {
            return derive->core_used[i];
        }
    }
    return false;
}

/* The number of clusters that a domain's cores become. */
static uint32_t domain_clusters(const struct derive_domain *domain) {
    return (domain->core_count + R4_MAX_CORES - 1) / R4_MAX_CORES;
}

/* Takes the domain's next `count` cores, from index *next of the MADT on, into cluster `number`. */
static void cluster_add(const struct topology *topology, struct derive *derive, uint32_t domain, uint32_t count,
                        uint32_t *next) {
    uint16_t number = derive->header.cluster_count++;
    derive->places[number].domain = domain;
    derive->clusters[number] = (struct r4_layout_cluster){
        .virtual_base = R4_VIRTUAL_BASE + (uint64_t)number * R4_KERNEL_AREA,
        .direct_map = R4_DIRECT_MAP + ((uint64_t)number << R4_DIRECT_MAP_SHIFT),
        .number = number,
        .group = number,
        .core_count = (uint16_t)count,
    };
    for (; count > 0; (*next)++) {
        if (derive->core_used[*next] && derive->core_domain[*next] == domain) {
            derive->cores[derive->header.core_count++] =
                (struct r4_layout_core){.apic_id = topology->madt->cores[*next].apic_id, .cluster = number};
            count--;
        }
    }
}

static void clusters_create(const struct topology *topology, struct derive *derive) {
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        const struct derive_domain *domain = &derive->domains[i];
        uint32_t clusters = domain_clusters(domain);
        uint32_t next = 0;
        for (uint32_t part = 0; part < clusters; part++) {
            uint32_t count = domain->core_count / clusters + (part < domain->core_count % clusters ? 1 : 0);
            cluster_add(topology, derive, domain->number, count, &next);
        }
    }
}

/* Orders distances: near first, unreachable and unknown last. */
static uint32_t distance_rank(const struct topology *topology, uint32_t from, uint32_t to) {
    uint32_t distance = topology_distance(topology, from, to);
    return distance == 0 || distance == DISTANCE_UNREACHABLE ? RANK_LAST : distance;
}

/* The domain of a cluster's first memory. There is one with RAM. */
static uint32_t home_find(const struct topology *topology, const struct derive *derive, uint32_t domain) {
    uint32_t best = RANK_LAST + 1;
    uint32_t home = domain;
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        uint32_t number = derive->domains[i].number;
        uint32_t rank = number == domain ? 0 : distance_rank(topology, domain, number);
        if (derive->domains[i].size != 0 && rank < best) {
            best = rank;
            home = number;
        }
    }
    return home;
}

/* The cluster that a domain without cores goes to. */
static uint16_t cluster_near(const struct topology *topology, const struct derive *derive, uint32_t domain) {
    uint32_t best = RANK_LAST + 1;
    uint16_t nearest = 0;
    for (uint16_t i = 0; i < derive->header.cluster_count; i++) {
        uint32_t rank = distance_rank(topology, derive->places[i].domain, domain);
        if (rank < best) {
            best = rank;
            nearest = i;
        }
    }
    return nearest;
}

static void memory_add(struct derive *derive, uint32_t domain, uint64_t offset, uint64_t end, uint16_t cluster) {
    derive->memories[derive->header.memory_count++] =
        (struct r4_layout_memory){.offset = offset, .size = end - offset, .domain = domain, .cluster = cluster};
}

/* The lowest offset in the domain, whole pages, below which it has `bytes` of RAM: holes do not count. */
static bool offset_find(const struct topology *topology, struct derive *derive, const struct derive_domain *domain,
                        uint64_t bytes, uint64_t *offset) {
    uint64_t low = 0; /* in pages: all that is below it has less */
    uint64_t high = domain->size / R4_LARGE_SIZE;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (!topology_domain_part(topology, domain->number, 0, middle * R4_LARGE_SIZE, &derive->ram)) {
            return false;
        }
        if (ranges_total(&derive->ram) >= bytes) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *offset = low * R4_LARGE_SIZE;
    return true;
}

/* Cores of all clusters whose home it is. */
static uint32_t home_cores(const struct derive *derive, uint32_t domain) {
    uint32_t cores = 0;
    for (uint32_t i = 0; i < derive->header.cluster_count; i++) {
        cores += derive->places[i].home == domain ? derive->clusters[i].core_count : 0;
    }
    return cores;
}

/* Shares a domain among the clusters whose home it is. */
static bool domain_share(const struct topology *topology, struct derive *derive, const struct derive_domain *domain,
                         uint32_t cores, struct refusal *why) {
    if (!topology_domain_ram(topology, domain->number, &derive->ram)) {
        return refuse(why, "domain %u has more than %u ranges of RAM", domain->number, RANGES_MAX);
    }
    uint64_t bytes = ranges_total(&derive->ram);
    uint64_t begin = 0;
    uint32_t served = 0;
    for (uint16_t i = 0; i < derive->header.cluster_count; i++) {
        if (derive->places[i].home != domain->number) {
            continue;
        }
        uint64_t end = domain->size;
        served += derive->clusters[i].core_count;
        if (served < cores && !offset_find(topology, derive, domain, bytes / cores * served, &end)) {
            return refuse(why, "domain %u has more than %u ranges of RAM", domain->number, RANGES_MAX);
        }
        if (end == begin) {
            return refuse(why, "domain %u has too little RAM for the clusters that share it", domain->number);
        }
        memory_add(derive, domain->number, begin, end, i);
        begin = end;
    }
    return true;
}

/* First every cluster's home: a cluster's first part is its home. Then the domains that are nobody's home. */
static bool memories_create(const struct topology *topology, struct derive *derive, struct refusal *why) {
    for (uint32_t i = 0; i < derive->header.cluster_count; i++) {
        derive->places[i].home = home_find(topology, derive, derive->places[i].domain);
    }
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        const struct derive_domain *domain = &derive->domains[i];
        uint32_t cores = home_cores(derive, domain->number);
        if (cores != 0 && !domain_share(topology, derive, domain, cores, why)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        const struct derive_domain *domain = &derive->domains[i];
        if (domain->size != 0 && home_cores(derive, domain->number) == 0) {
            memory_add(derive, domain->number, 0, domain->size, cluster_near(topology, derive, domain->number));
        }
    }
    return true;
}

static void peers_create(const struct topology *topology, struct derive *derive) {
    for (uint16_t from = 0; from < derive->header.cluster_count; from++) {
        for (uint16_t to = 0; to < derive->header.cluster_count; to++) {
            uint32_t distance = topology_distance(topology, derive->places[from].home, derive->places[to].home);
            if (from != to) {
                derive->peers[derive->header.peer_count++] = (struct r4_layout_peer){
                    .from = from,
                    .to = to,
                    .priority = DERIVE_PEER_PRIORITY,
                    .distance = (uint8_t)(distance == DISTANCE_UNREACHABLE ? 0 : distance),
                };
            }
        }
    }
}

/* What the rules of derive.h require. */
static bool domains_check(const struct topology *topology, const struct derive *derive, uint32_t boot_apic_id,
                          struct refusal *why) {
    uint32_t clusters = 0;
    bool memory = false;
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        clusters += domain_clusters(&derive->domains[i]);
        memory |= derive->domains[i].size != 0;
    }
    if (clusters > R4_MAX_CLUSTERS) {
        return refuse(why, "the tables make %u clusters, more than %u", clusters, R4_MAX_CLUSTERS);
    }
    if (!memory) {
        return refuse(why, "no domain has RAM");
    }
    if (!boot_core_used(topology, derive, boot_apic_id)) {
        return refuse(why, "the boot processor (APIC id %u) is in no domain", boot_apic_id);
    }
    return true;
}

bool derive_layout(const struct topology *topology, uint32_t boot_apic_id, uint32_t apic_id_max, struct derive *derive,
                   struct r4_layout *layout, struct refusal *why) {
    if (!domains_note(topology, derive, apic_id_max)) {
        return refuse(why, "the tables name more than %u domains", DERIVE_DOMAINS_MAX);
    }
    if (!domains_check(topology, derive, boot_apic_id, why)) {
        return false;
    }
    derive->header = (struct r4_layout_header){.magic = R4_LAYOUT_MAGIC,
                                               .version = R4_LAYOUT_VERSION,
                                               .header_size = sizeof(derive->header),
                                               .ring_slots = DERIVE_RING_SLOTS};
    clusters_create(topology, derive);
    if (!memories_create(topology, derive, why)) {
        return false;
    }
    peers_create(topology, derive);
    *layout =
        (struct r4_layout){&derive->header, derive->clusters, derive->cores, derive->memories, derive->peers, NULL};
    return true;
}
