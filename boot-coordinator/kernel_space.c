/* SPDX-License-Identifier: MIT
 *
 * A kernel's address space. See kernel_space.h.
 */
#include "kernel_space.h"
#include "core/device.h"
#include "print.h"
#include "x86/local_apic.h"
#include "x86/space.h"

/* Maps `size` bytes at offset `area` of the kernel's 16 MiB. */
static void area_map(struct space *space, const struct cluster *cluster, uint64_t area, phys_t base, uint64_t size,
                     enum space_access access) {
    uint64_t pages = round_up(size, R4_PAGE_SIZE) / R4_PAGE_SIZE;
    bool mapped = space_map(space, cluster->layout->virtual_base + area, base, pages, access);
    BOOT_ASSERT(mapped); /* the reserve has enough tables */
}

static void image_map(struct space *space, const struct boot *boot, const struct cluster *cluster) {
    static const enum space_access access[LINKER_SECTIONS] = {SPACE_EXEC, SPACE_READ, SPACE_WRITE, SPACE_WRITE};
    for (uint32_t i = 0; i < LINKER_SECTIONS; i++) {
        uint64_t offset = boot->plan.offset[i];
        area_map(space, cluster, R4_AREA_IMAGE + offset, cluster->reserve.image + offset, boot->plan.size[i],
                 access[i]);
    }
}

/* The ring of messages from `source` to `target`: in the memory of `target`. */
static phys_t ring_at(const struct boot *boot, uint32_t source, uint32_t target) {
    BOOT_ASSERT(source != target && boot->clusters[target].reserve.size != 0);
    return boot->clusters[target].reserve.rings + (uint64_t)place_peer_index(target, source) * R4_RING_STRIDE;
}

static void peers_map(struct space *space, const struct boot *boot, const struct cluster *cluster) {
    uint32_t own = cluster->number;
    for (uint32_t peer = 0; peer < boot_cluster_count(boot); peer++) {
        if (peer == own) {
            continue;
        }
        uint64_t ring = (uint64_t)peer * R4_RING_STRIDE;
        area_map(space, cluster, R4_AREA_RINGS_IN + ring, ring_at(boot, peer, own), R4_RING_STRIDE, SPACE_WRITE);
        area_map(space, cluster, R4_AREA_RINGS_OUT + ring, ring_at(boot, own, peer), R4_RING_STRIDE, SPACE_WRITE);
        area_map(space, cluster, R4_AREA_HEADERS + (uint64_t)peer * R4_PAGE_SIZE, boot->clusters[peer].reserve.header,
                 R4_PAGE_SIZE, SPACE_READ);
    }
}

/* The first page of each core's stride is the guard below its stack: not mapped. */
static void cores_map(struct space *space, const struct cluster *cluster) {
    for (uint64_t i = 0; i < cluster->layout->core_count; i++) {
        area_map(space, cluster, R4_AREA_CORES + i * R4_CORE_STRIDE + R4_PAGE_SIZE,
                 cluster->reserve.cores + i * PLACE_CORE_SIZE, PLACE_CORE_SIZE, SPACE_WRITE);
    }
}

/* Only the cluster's own: nobody else can reach them. */
static void io_apics_map(struct space *space, const struct boot *boot, const struct cluster *cluster) {
    const struct madt_io_apic *io_apic;
    for (uint32_t i = 0; (io_apic = device_io_apic(&boot->firmware.madt, &boot->layout, cluster->number, i)) != NULL;
         i++) {
        area_map(space, cluster, R4_AREA_IO_APICS + (uint64_t)i * R4_PAGE_SIZE, round_down(io_apic->base, R4_PAGE_SIZE),
                 R4_PAGE_SIZE, SPACE_DEVICE);
    }
}

/* All page directories of the direct map, each seen as a page too, and in them the cluster's own pools. */
static void direct_map(struct space *space, const struct boot *boot, const struct cluster *cluster) {
    uint64_t direct = cluster->layout->direct_map;
    uint64_t view = direct - R4_DIRECT_MAP + R4_DIRECTORY_MAP;
    area_map(space, cluster, R4_AREA_TABLES, cluster->kernel_root, R4_PAGE_SIZE, SPACE_WRITE);
    for (uint32_t i = 0; i < boot->gibs.count; i++) {
        const struct range *range = &boot->gibs.list[i];
        for (uint64_t gib = range->base >> PLACE_GIB_BITS; gib < range->end >> PLACE_GIB_BITS; gib++) {
            phys_t directory = space_directory(space, direct + (gib << PLACE_GIB_BITS));
            bool seen = space_map(space, view + gib * R4_PAGE_SIZE, directory, 1, SPACE_WRITE);
            BOOT_ASSERT(directory != 0 && seen);
        }
    }
    for (uint32_t i = 0; i < cluster->pools.count; i++) {
        const struct range *pool = &cluster->pools.list[i];
        bool mapped = space_map_large(space, direct + pool->base, pool->base, (pool->end - pool->base) / R4_LARGE_SIZE);
        BOOT_ASSERT(mapped);
    }
}

void kernel_space_create(const struct boot *boot, struct cluster *cluster) {
    const struct place_reserve *reserve = &cluster->reserve;
    struct space space;
    BOOT_ASSERT(reserve->size != 0);
    space_open(&space, reserve->tables, reserve->table_count);
    cluster->kernel_root = reserve->tables;
    image_map(&space, boot, cluster);
    area_map(&space, cluster, R4_AREA_BOOT_INFO, reserve->info, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE, SPACE_READ);
    area_map(&space, cluster, R4_AREA_HEADER, reserve->header, R4_PAGE_SIZE, SPACE_WRITE);
    area_map(&space, cluster, R4_AREA_APIC, apic_base(), R4_PAGE_SIZE, SPACE_DEVICE);
    io_apics_map(&space, boot, cluster);
    peers_map(&space, boot, cluster);
    cores_map(&space, cluster);
    direct_map(&space, boot, cluster);
}
