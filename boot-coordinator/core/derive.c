/* SPDX-License-Identifier: MIT
 *
 * A layout from the tables. See derive.h.
 */
#include "derive.h"
#include <r4/contract.h>

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

static bool comes_before(const struct derive_core *one, const struct derive_core *other) {
    return one->domain < other->domain || (one->domain == other->domain && one->apic_id < other->apic_id);
}

/* Tables list cores nearly in order: then each is compared with few others. */
static void core_use(struct derive *derive, struct derive_core core) {
    uint32_t at = derive->used_count++;
    for (; at > 0 && comes_before(&core, &derive->used[at - 1]); at--) {
        derive->used[at] = derive->used[at - 1];
    }
    derive->used[at] = core;
}

static bool cores_note(const struct topology *topology, struct derive *derive, uint32_t apic_id_max) {
    derive->used_count = 0;
    for (uint32_t i = 0; i < topology->madt->core_count; i++) {
        const struct madt_core *core = &topology->madt->cores[i];
        struct derive_core used = {.apic_id = core->apic_id};
        if (!core->enabled || core->apic_id > apic_id_max ||
            !topology_core_domain(topology, core->apic_id, &used.domain)) {
            continue;
        }
        struct derive_domain *domain = domain_add(derive, used.domain);
        if (domain == NULL) {
            return false;
        }
        domain->core_count++;
        core_use(derive, used);
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

static bool boot_core_used(const struct derive *derive, uint32_t apic_id) {
    for (uint32_t i = 0; i < derive->used_count; i++) {
        if (derive->used[i].apic_id == apic_id) {
            return true;
        }
    }
    return false;
}

/* True if a cut before the index-th core would be between threads of one core. */
static bool cuts_core(const struct topology *topology, const struct derive *derive, uint32_t index) {
    uint32_t bits = topology->thread_bits;
    return bits < 32 && derive->used[index - 1].apic_id >> bits == derive->used[index].apic_id >> bits;
}

/* How many of a domain's `count` cores, from `first` on, become its next cluster: an even share, or a little more or
 * less so that no core is cut. */
static uint32_t part_size(const struct topology *topology, const struct derive *derive, uint32_t first,
                          uint32_t count) {
    uint32_t parts = (count + R4_MAX_CORES - 1) / R4_MAX_CORES;
    uint32_t even = (count + parts - 1) / parts;
    uint32_t more = even;
    uint32_t less = even;
    while (more < count && more <= R4_MAX_CORES && cuts_core(topology, derive, first + more)) {
        more++;
    }
    while (less > 0 && less < count && cuts_core(topology, derive, first + less)) {
        less--;
    }
    if (more <= R4_MAX_CORES) {
        return more;
    }
    return less != 0 ? less : even; /* a core of more threads than a cluster can have */
}

/* The number of clusters that a domain's cores become, the first of them being the first-th core. */
static uint32_t domain_clusters(const struct topology *topology, const struct derive *derive,
                                const struct derive_domain *domain, uint32_t first) {
    uint32_t clusters = 0;
    for (uint32_t done = 0; done < domain->core_count; clusters++) {
        done += part_size(topology, derive, first + done, domain->core_count - done);
    }
    return clusters;
}

/* Makes the `count` cores from `first` on a cluster. */
static void cluster_add(struct derive *derive, uint32_t first, uint32_t count, uint16_t group) {
    uint16_t number = derive->header.cluster_count++;
    derive->places[number].domain = derive->used[first].domain;
    derive->clusters[number] = (struct r4_layout_cluster){
        .virtual_base = R4_VIRTUAL_BASE + (uint64_t)number * R4_KERNEL_AREA,
        .direct_map = R4_DIRECT_MAP + ((uint64_t)number << R4_DIRECT_MAP_SHIFT),
        .number = number,
        .group = group,
        .core_count = (uint16_t)count,
    };
    for (uint32_t i = first; i < first + count; i++) {
        derive->cores[derive->header.core_count++] =
            (struct r4_layout_core){.apic_id = derive->used[i].apic_id, .cluster = number};
    }
}

static void clusters_create(const struct topology *topology, struct derive *derive) {
    uint32_t first = 0;
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        uint16_t group = derive->header.cluster_count;
        for (uint32_t left = derive->domains[i].core_count; left > 0;) {
            uint32_t count = part_size(topology, derive, first, left);
            cluster_add(derive, first, count, group);
            first += count;
            left -= count;
        }
    }
}

/* Which domains can be homes. If none can, each with RAM is one, and the reason comes up when kernels are placed. */
static void homes_note(const struct topology *topology, struct derive *derive) {
    uint32_t largest = 0;
    bool any = false;
    for (uint32_t i = 0; i < derive->header.cluster_count; i++) {
        largest = derive->clusters[i].core_count > largest ? derive->clusters[i].core_count : largest;
    }
    const struct topology_need need = topology_need(topology, derive->header.cluster_count, largest);
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        struct derive_domain *domain = &derive->domains[i];
        domain->holds = domain->size != 0 && topology_domain_holds(topology, domain->number, &need);
        any |= domain->holds;
    }
    for (uint32_t i = 0; !any && i < derive->domain_count; i++) {
        derive->domains[i].holds = derive->domains[i].size != 0;
    }
}

/* Orders distances: near first, unreachable and unknown last. */
static uint32_t distance_rank(const struct topology *topology, uint32_t from, uint32_t to) {
    uint32_t distance = topology_distance(topology, from, to);
    return distance == 0 || distance == DISTANCE_UNREACHABLE ? RANK_LAST : distance;
}

/* The domain of a cluster's first memory. There is one that can be. */
static uint32_t home_find(const struct topology *topology, const struct derive *derive, uint32_t domain) {
    uint32_t best = RANK_LAST + 1;
    uint32_t home = domain;
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        uint32_t number = derive->domains[i].number;
        uint32_t rank = number == domain ? 0 : distance_rank(topology, domain, number);
        if (derive->domains[i].holds && rank < best) {
            best = rank;
            home = number;
        }
    }
    return home;
}

/* The cluster that a domain which is nobody's home goes to: one of its own, or the nearest. */
static uint16_t cluster_near(const struct topology *topology, const struct derive *derive, uint32_t domain) {
    uint32_t best = RANK_LAST + 1;
    uint16_t nearest = 0;
    for (uint16_t i = 0; i < derive->header.cluster_count; i++) {
        uint32_t from = derive->places[i].domain;
        uint32_t rank = from == domain ? 0 : distance_rank(topology, from, domain);
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
    uint32_t first = 0;
    bool memory = false;
    for (uint32_t i = 0; i < derive->domain_count; i++) {
        clusters += domain_clusters(topology, derive, &derive->domains[i], first);
        first += derive->domains[i].core_count;
        memory |= derive->domains[i].size != 0;
    }
    if (clusters > R4_MAX_CLUSTERS) {
        return refuse(why, "the tables make %u clusters, more than %u", clusters, R4_MAX_CLUSTERS);
    }
    if (!memory) {
        return refuse(why, "no domain has RAM");
    }
    if (!boot_core_used(derive, boot_apic_id)) {
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
    homes_note(topology, derive);
    if (!memories_create(topology, derive, why)) {
        return false;
    }
    peers_create(topology, derive);
    *layout =
        (struct r4_layout){&derive->header, derive->clusters, derive->cores, derive->memories, derive->peers, NULL};
    return true;
}

bool derive_drop_core(struct derive *derive, uint32_t apic_id, struct refusal *why) {
    uint32_t at = 0;
    while (at < derive->header.core_count && derive->cores[at].apic_id != apic_id) {
        at++;
    }
    KERNEL_ASSERT(at < derive->header.core_count);
    struct r4_layout_cluster *cluster = &derive->clusters[derive->cores[at].cluster];
    if (cluster->core_count == 1) {
        return refuse(why, "cluster %u has no other core than that with APIC id %u", cluster->number, apic_id);
    }
    cluster->core_count--;
    derive->header.core_count--;
    for (; at < derive->header.core_count; at++) {
        derive->cores[at] = derive->cores[at + 1];
    }
    return true;
}
