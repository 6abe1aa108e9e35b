/* SPDX-License-Identifier: MIT
 *
 * Pools, reserves, root blocks. See memory.h.
 */
#include "memory.h"
#include "print.h"

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
        must_fit(place_gibs(&cluster->pools, &boot->gibs));
    }
    unclaimed_report(boot);
}

static void cluster_place(struct boot *boot, struct cluster *cluster) {
    struct place_need need = {.image_size = boot->plan.image_size,
                              .peers = boot_cluster_count(boot) - 1,
                              .cores = cluster->layout->core_count,
                              .gibs = &boot->gibs};
    if (boot->gibs.count == 0) {
        boot_stop("no cluster has a whole 2 MiB page of RAM");
    }
    uint64_t size = place_reserve_size(&need);
    phys_t base;
    if (!place_find(&cluster->pools, &boot->in_use, size, &base)) {
        boot_stop("cluster %u has no %lu contiguous bytes for its kernel", cluster->number, size);
    }
    cluster->reserve = place_reserve_at(&need, base);
    boot_use(boot, base, size);
    must_fit(ranges_remove(&cluster->pools, base, base + size));
    size = place_root_size(boot->firmware.topology.root_size, boot_cluster_count(boot));
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
