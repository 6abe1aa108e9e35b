/* SPDX-License-Identifier: MIT
 *
 * One kernel copy. See kernel.h.
 */
#include "kernel.h"
#include "core/device.h"
#include "kernel_space.h"
#include "print.h"
#include "x86/identity.h"
#include "x86/local_apic.h"
#include <r4/linker_constants.h>
#include <r4/mailbox.h>
#include <r4/string.h>

#define FIRST_EPOCH 1U

#define LINKER_SYMBOL(symbol, bits, expression) {.name = #symbol, .value = (expression)},

static void image_link(const struct boot *boot, struct cluster *cluster) {
    const struct r4_layout *l = &boot->layout; /* the names that the list uses */
    const struct r4_layout_cluster *c = cluster->layout;
    const struct linker_symbol symbols[] = {R4_LINKER_CONSTANT_LIST(LINKER_SYMBOL)};
    struct refusal why;
    if (!linker_link(&boot->kernel, &boot->plan, c->virtual_base, symbols, R4_COUNT(symbols),
                     identity_at(cluster->reserve.image), &why)) {
        boot_stop("cluster %u: linking the kernel: %s", cluster->number, why.text);
    }
    cluster->entry = c->virtual_base + boot->kernel_entry;
}

static void header_fill(const struct cluster *cluster) {
    struct r4_header *header = identity_at(cluster->reserve.header);
    header->magic = R4_HEADER_MAGIC;
    header->cluster = cluster->number;
    header->core_count = cluster->layout->core_count;
    header->epoch = FIRST_EPOCH;
    atomic_init(&header->state, R4_CLUSTER_BOOTING);
    atomic_init(&header->doorbell_apic, cluster->cores[0].apic_id);
}

static void root_load(const struct boot *boot, struct cluster *cluster) {
    struct refusal why;
    if (!root_plan(&boot->root, cluster->root_block.base, &cluster->root, &why)) {
        boot_stop("module root: %s", why.text);
    }
    root_copy(&boot->root, &cluster->root, identity_at(cluster->root_block.base));
}

static struct r4_boot_apics apics_of(const struct cluster *cluster) {
    struct r4_boot_apics apics = {cluster->cores[0].apic_id, cluster->cores[0].apic_id};
    for (uint32_t i = 1; i < cluster->layout->core_count; i++) {
        uint32_t id = cluster->cores[i].apic_id;
        apics.first = id < apics.first ? id : apics.first;
        apics.last = id > apics.last ? id : apics.last;
    }
    return apics;
}

static void info_fill_machine(const struct boot *boot, const struct cluster *cluster, struct r4_boot_info *info) {
    info->tsc_khz = boot->rates.tsc_khz;
    info->apic_khz = boot->rates.apic_khz;
    info->apic = apic_base();
    for (uint32_t i = 0; i < cluster->layout->core_count; i++) {
        info->apic_ids[i] = cluster->cores[i].apic_id;
    }
    for (uint32_t i = 0; i < boot_cluster_count(boot); i++) {
        info->apics[i] = apics_of(&boot->clusters[i]);
    }
    memcpy(info->command, boot->command, sizeof(info->command));
}

static void info_fill_devices(const struct boot *boot, const struct cluster *cluster, struct r4_boot_info *info) {
    const struct madt_io_apic *own;
    info->console_owner = boot->layout.header->console_owner;
    info->console_port = boot->serial.port;
    info->pci_owner = boot->layout.header->pci_owner;
    while ((own = device_io_apic(&boot->firmware.madt, &boot->layout, cluster->number, info->io_apic_count)) != NULL) {
        info->io_apics[info->io_apic_count++] = (struct r4_boot_io_apic){own->base, own->id, own->first_line};
    }
}

static void info_fill(const struct boot *boot, const struct cluster *cluster) {
    struct r4_boot_info *info = identity_at(cluster->reserve.info);
    info->magic = R4_BOOT_INFO_MAGIC;
    info->version = R4_BOOT_INFO_VERSION;
    info->size = sizeof(*info);
    info->cluster = cluster->number;
    info->cluster_count = boot_cluster_count(boot);
    info->core_count = cluster->layout->core_count;
    info->epoch = FIRST_EPOCH;
    info->kernel_root = cluster->kernel_root;
    info->image = (struct r4_boot_range){cluster->reserve.image, boot->plan.image_size};
    info->reserve = (struct r4_boot_range){cluster->reserve.base, cluster->reserve.size};
    info->root_block = (struct r4_boot_range){cluster->root_block.base, range_size(&cluster->root_block)};
    memcpy(info->segments, cluster->root.segments, sizeof(info->segments));
    info->segment_count = cluster->root.segment_count;
    info->root_entry = cluster->root.entry;
    info->pool_count = boot->pool_count;
    memcpy(info->pools, boot->pools, boot->pool_count * sizeof(boot->pools[0]));
    info_fill_machine(boot, cluster, info);
    info_fill_devices(boot, cluster, info);
}

/* Boot information to page tables. The linker fills the image; the rest of the last 2 MiB is not mapped. */
static void reserve_zero(const struct place_reserve *reserve) {
    phys_t end = reserve->tables + (uint64_t)reserve->table_count * R4_PAGE_SIZE;
    memset(identity_at(reserve->info), 0, end - reserve->info);
}

void kernel_tell_peers(const struct boot *boot) {
    for (uint32_t i = 0; i < boot->layout.header->peer_count; i++) {
        const struct r4_layout_peer *peer = &boot->layout.peers[i];
        struct r4_boot_info *info = identity_at(boot->clusters[peer->to].reserve.info);
        BOOT_ASSERT(info->magic == R4_BOOT_INFO_MAGIC);
        info->peer_priority[peer->from] = peer->priority;
    }
}

void kernel_create(struct boot *boot, struct cluster *cluster) {
    BOOT_ASSERT(cluster->reserve.size != 0 && cluster->root_block.base != 0);
    reserve_zero(&cluster->reserve);
    image_link(boot, cluster);
    kernel_space_create(boot, cluster);
    header_fill(cluster);
    root_load(boot, cluster);
    info_fill(boot, cluster);
}
