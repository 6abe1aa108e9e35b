/* SPDX-License-Identifier: MIT
 *
 * Lines about a cluster. See report.h.
 */
#include "report.h"
#include "core/device.h"
#include "print.h"

static void report_head(const struct boot *boot, const struct cluster *cluster) {
    boot_begin("cluster %u: domain %u, cores", cluster->number, cluster->domain);
    for (uint32_t i = 0; i < cluster->layout->core_count; i++) {
        boot_piece(" %u", i);
    }
    boot_piece(" (apic");
    for (uint32_t i = 0; i < cluster->layout->core_count; i++) {
        boot_piece(" %u", cluster->cores[i].apic_id);
    }
    boot_piece("), distances");
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        uint32_t distance = topology_distance(&boot->firmware.topology, cluster->domain, boot->clusters[i].domain);
        if (distance != 0) {
            boot_piece(" %u", distance);
        } else {
            boot_piece(" ?");
        }
    }
    boot_end();
}

static void report_devices(const struct boot *boot, const struct cluster *cluster) {
    const struct madt_io_apic *own;
    if (boot->layout.header->console_owner == cluster->number) {
        boot_print("cluster %u: console", cluster->number);
    }
    if (boot->layout.header->pci_owner == cluster->number) {
        boot_print("cluster %u: PCI configuration", cluster->number);
    }
    for (uint32_t i = 0; (own = device_io_apic(&boot->firmware.madt, &boot->layout, cluster->number, i)) != NULL; i++) {
        boot_print("cluster %u: I/O APIC %u at 0x%lx, lines from %u", cluster->number, own->id, own->base,
                   own->first_line);
    }
}

static void report_peers(const struct boot *boot, const struct cluster *cluster) {
    for (uint32_t peer = 0; peer < boot_cluster_count(boot); peer++) {
        if (peer != cluster->number) {
            boot_print("cluster %u: ring from %u at 0x%016lx, slots %u", cluster->number, peer,
                       cluster->reserve.rings + (uint64_t)place_peer_index(cluster->number, peer) * R4_RING_STRIDE,
                       boot->layout.header->ring_slots);
        }
    }
    boot_print("cluster %u: header 0x%016lx", cluster->number, cluster->reserve.header);
}

/* Grows with the square of the clusters. */
static void report_all(const struct boot *boot, const struct cluster *cluster) {
    uint32_t number = cluster->number;
    const struct place_reserve *reserve = &cluster->reserve;
    report_head(boot, cluster);
    boot_print("cluster %u: image 0x%016lx size 0x%lx virtual 0x%016lx", number, reserve->image, boot->plan.image_size,
               cluster->layout->virtual_base);
    boot_print("cluster %u: direct map 0x%016lx", number, cluster->layout->direct_map);
    boot_print("cluster %u: root table 0x%016lx", number, cluster->kernel_root);
    boot_print("cluster %u: reserve 0x%016lx-0x%016lx", number, reserve->base, reserve->base + reserve->size);
    for (uint32_t i = 0; i < cluster->pools.count; i++) {
        boot_print("cluster %u: pool 0x%016lx-0x%016lx", number, cluster->pools.list[i].base,
                   cluster->pools.list[i].end);
    }
    boot_print("cluster %u: root task 0x%016lx-0x%016lx", number, cluster->root_block.base, cluster->root_block.end);
    report_peers(boot, cluster);
    report_devices(boot, cluster);
}

void report_overhead(const struct boot *boot) {
    const struct place_reserve *reserve = &boot->clusters[0].reserve; /* all have as many tables */
    uint64_t gibs = ranges_total(&boot->gibs) >> PLACE_GIB_BITS;
    uint64_t pages = R4_BOOT_INFO_PAGES + 1 + reserve->table_count - gibs;
    uint64_t fixed = boot->plan.image_size + pages * R4_PAGE_SIZE + R4_ROOT_ROOM;
    uint64_t all = 0;
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        all += boot->clusters[i].reserve.size;
    }
    boot_print("overhead: KiB for each cluster %lu, core %u, peer %u, GiB of all RAM %u; MiB of reserves in all %lu",
               fixed >> 10, PLACE_CORE_SIZE >> 10, (R4_RING_STRIDE + R4_PEER_ROOM) >> 10, PLACE_GIB_TABLE >> 10,
               all >> 20);
}

void report_cluster(const struct boot *boot, const struct cluster *cluster) {
    BOOT_ASSERT(cluster->kernel_root != 0);
    if (boot->verbose) {
        report_all(boot, cluster);
        return;
    }
    boot_print("cluster %u: domain %u, cores %u, pool %lu MiB, image 0x%lx", cluster->number, cluster->domain,
               cluster->layout->core_count, ranges_total(&cluster->pools) >> 20, cluster->reserve.image);
}
