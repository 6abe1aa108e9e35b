/* SPDX-License-Identifier: MIT
 *
 * Pools, reserves, root blocks. See memory.h.
 */
#include "memory.h"
#include "print.h"

#define GIB_BITS 30U

/* Results that are too large for the stack. */
static struct ranges ram;
static struct ranges unclaimed;

static void must_fit(bool fits) {
    if (!fits) {
        boot_stop("memory has more than %u ranges", RANGES_MAX);
    }
}

static void cluster_divide(struct boot *boot, struct cluster *cluster) {
    bool fits = topology_cluster_ram(&boot->firmware.topology, &boot->layout, cluster->number, &ram);
    must_fit(fits && ranges_subtract(&unclaimed, &ram));
    for (uint32_t i = 0; boot->verbose && i < ram.count; i++) {
        boot_print("cluster %u: memory 0x%016lx-0x%016lx", cluster->number, ram.list[i].base, ram.list[i].end);
    }
    uint64_t left = place_pools(&ram, &cluster->pools, &fits);
    must_fit(fits);
    if (boot->verbose) {
        boot_print("cluster %u: left over %lu bytes, no whole 2 MiB pages", cluster->number, left);
    }
}

/* RAM that no cluster gets: it is in no domain, or the layout does not name it. */
static void unclaimed_report(const struct boot *boot) {
    const struct srat *srat = boot->firmware.topology.srat;
    uint64_t total = ranges_total(&unclaimed);
    for (uint32_t i = 0; srat != NULL && i < srat->memory_count; i++) {
        must_fit(ranges_remove(&unclaimed, srat->memories[i].base, srat->memories[i].base + srat->memories[i].size));
    }
    uint64_t homeless = srat != NULL ? ranges_total(&unclaimed) : 0;
    if (homeless != 0) {
        boot_print("unused: %lu bytes of RAM in no range of the SRAT", homeless);
    }
    if (total != homeless) {
        boot_print("unused: %lu bytes of RAM that the layout gives to no cluster", total - homeless);
    }
}

/* One page directory per GiB in which any cluster has RAM. Returns how many these are, which may be too many. */
static uint32_t directories_count(struct boot *boot) {
    ram.count = 0;
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        const struct ranges *pools = &boot->clusters[i].pools;
        for (uint32_t j = 0; j < pools->count; j++) {
            must_fit(ranges_add(&ram, pools->list[j].base, pools->list[j].end));
        }
    }
    boot->gib_count = place_gibs(&ram, boot->gibs, R4_BOOT_DIRECTORIES);
    return boot->gib_count;
}

/* Leaves each cluster so many GiB, its lowest ones, that the boot information can name them all. */
static void directories_share(struct boot *boot) {
    uint32_t counts[R4_MAX_CLUSTERS] = {0};
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        counts[i] = place_gibs(&boot->clusters[i].pools, boot->gibs, R4_BOOT_DIRECTORIES);
    }
    uint32_t share = place_share(counts, boot_cluster_count(boot), R4_BOOT_DIRECTORIES);
    BOOT_ASSERT(share != 0);
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        struct ranges *pools = &boot->clusters[i].pools;
        if (counts[i] <= share) {
            continue;
        }
        uint64_t all = ranges_total(pools);
        place_gibs(pools, boot->gibs, share);
        phys_t end = ((phys_t)boot->gibs[share - 1] + 1) << GIB_BITS;
        must_fit(ranges_remove(pools, end, UINT64_MAX));
        boot_print(
            "unused: %lu MiB of cluster %u's RAM above 0x%lx, more than its share of the %u GiB that a kernel can "
            "map",
            (all - ranges_total(pools)) >> 20, i, end, R4_BOOT_DIRECTORIES);
    }
}

void memory_divide(struct boot *boot) {
    const struct r4_layout_core *cores = boot->layout.cores;
    BOOT_ASSERT(boot->layout.header != NULL);
    unclaimed = boot->loader.ram;
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        struct cluster *cluster = &boot->clusters[i];
        cluster->number = i;
        cluster->layout = &boot->layout.clusters[i];
        cluster->cores = cores;
        cores += cluster->layout->core_count;
        bool has_memory = topology_cluster_domain(&boot->layout, i, &cluster->domain);
        BOOT_ASSERT(has_memory); /* topology_check() has seen it */
        cluster_divide(boot, cluster);
    }
    unclaimed_report(boot);
    if (directories_count(boot) > R4_BOOT_DIRECTORIES) {
        directories_share(boot);
        uint32_t count = directories_count(boot);
        BOOT_ASSERT(count <= R4_BOOT_DIRECTORIES);
    }
}

/* Stops the boot if the root task cannot be loaded. */
static uint64_t root_block_size(const struct boot *boot) {
    struct root root;
    struct refusal why;
    if (!root_plan(&boot->root, 0, &root, &why)) {
        boot_stop("module root: %s", why.text);
    }
    uint64_t size = R4_ROOT_ROOM + (uint64_t)boot_cluster_count(boot) * R4_PEER_ROOM;
    for (uint32_t i = 0; i < root.segment_count; i++) {
        size += root.segments[i].size;
    }
    return round_up(size, R4_LARGE_SIZE);
}

static void cluster_place(struct boot *boot, struct cluster *cluster) {
    struct place_need need = {.image_size = boot->plan.image_size,
                              .peers = boot_cluster_count(boot) - 1,
                              .cores = cluster->layout->core_count,
                              .directories = boot->gib_count,
                              .last_gib = boot->gib_count > 0 ? boot->gibs[boot->gib_count - 1] : 0};
    uint64_t size = place_reserve_size(&need);
    phys_t base;
    if (!place_find(&cluster->pools, &boot->in_use, size, &base)) {
        boot_stop("cluster %u has no %lu contiguous bytes for its kernel", cluster->number, size);
    }
    cluster->reserve = place_reserve_at(&need, base);
    boot_use(boot, base, size);
    must_fit(ranges_remove(&cluster->pools, base, base + size));
    size = root_block_size(boot);
    if (!place_find(&cluster->pools, &boot->in_use, size, &base)) {
        boot_stop("cluster %u has no %lu contiguous bytes for its root task", cluster->number, size);
    }
    cluster->root_block = (struct range){base, base + size};
    boot_use(boot, base, size);
}

/* Adds what is left of a cluster's pools to the list of all. */
static void pools_list(struct boot *boot, const struct cluster *cluster) {
    if (!place_list(boot->pools, &boot->pool_count, &cluster->pools, cluster->number)) {
        boot_stop("the clusters have more than %u pools, which is all that a kernel can be told of", R4_BOOT_POOLS);
    }
}

void memory_place(struct boot *boot) {
    BOOT_ASSERT(boot->clusters[0].layout != NULL);
    if (!place_low_page(&boot->loader.ram, &boot->in_use, &boot->low_page)) {
        boot_stop("there is no free page below 1 MiB to start the cores from");
    }
    boot_use(boot, boot->low_page, R4_PAGE_SIZE);
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        cluster_place(boot, &boot->clusters[i]);
        pools_list(boot, &boot->clusters[i]);
    }
}
