/* SPDX-License-Identifier: MIT
 *
 * What the coordinator tells one cluster's kernel: written once before the kernel starts, in the cluster's own memory,
 * mapped read-only at virtual_base + R4_AREA_BOOT_INFO. Addresses are physical; sizes are in bytes.
 */
#ifndef R4_BOOTINFO_H
#define R4_BOOTINFO_H

#include <r4/layout.h>

#define R4_BOOT_INFO_MAGIC   0x494234525f524934ULL
#define R4_BOOT_INFO_VERSION 5U
#define R4_BOOT_POOLS        384U /* of all clusters; with more the coordinator stops the boot */
#define R4_BOOT_SEGMENTS     4U   /* loaded segments of the root task */
#define R4_BOOT_INFO_PAGES   4U   /* of R4_AREA_BOOT_INFO */

/* What a kernel takes of the root block at boot, besides the root task's segments. */
#define R4_ROOT_ROOM 0x40000U /* the root task's objects */
#define R4_PEER_ROOM 0xa000U  /* the records of one peer */

struct r4_boot_range {
    phys_t base;
    uint64_t size;
};
R4_SIZE(struct r4_boot_range, 16);

struct r4_boot_pool { /* whole 2 MiB pages of one cluster's RAM */
    phys_t base;
    uint64_t size;
    uint32_t cluster;
    uint32_t reserved;
};
R4_SIZE(struct r4_boot_pool, 24);

struct r4_boot_segment { /* of the root task: page-aligned copy of an ELF segment, zero-filled to its memory size */
    phys_t base;
    uint64_t virtual_address;
    uint64_t size;   /* whole pages */
    uint64_t rights; /* R4_READ, R4_WRITE, R4_EXEC of slot.h */
};
R4_SIZE(struct r4_boot_segment, 32);

struct r4_boot_apics { /* the lowest and the highest APIC id of a cluster's cores */
    uint32_t first;
    uint32_t last;
};
R4_SIZE(struct r4_boot_apics, 8);

struct r4_boot_io_apic {
    phys_t base;         /* of its registers: in the page that R4_AREA_IO_APICS shows at the same index */
    uint32_t id;         /* in the MADT */
    uint32_t first_line; /* global number of its first interrupt line */
};
R4_SIZE(struct r4_boot_io_apic, 16);

struct r4_boot_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* of this structure */
    uint32_t cluster;
    uint32_t cluster_count;
    uint32_t core_count;        /* of this cluster */
    uint32_t epoch;             /* of this copy, 1 at the first boot */
    uint32_t tsc_khz;           /* measured by the coordinator against the ACPI PM timer */
    uint32_t apic_khz;          /* local APIC timer input with divider 1 */
    phys_t kernel_root;         /* PML4 of the kernel's own address space: upper half only */
    phys_t apic;                /* local APIC registers, normally 0xfee00000 */
    struct r4_boot_range image; /* the linked image, bss included */
    /* 2 MiB pages that hold image, tables, rings and all else that is mapped by 4 KiB pages. */
    struct r4_boot_range reserve;
    /* Contiguous 2 MiB pages of a pool: the root task's segments at their start, the rest is free. */
    struct r4_boot_range root_block;
    struct r4_boot_segment segments[R4_BOOT_SEGMENTS];
    uint32_t segment_count;
    uint32_t pool_count;
    uint64_t root_entry;   /* virtual address */
    uint32_t console_port; /* I/O address of the serial port (16550), which the coordinator has set up; 0: none */
    uint32_t apic_ids[R4_MAX_CORES];             /* by core index */
    struct r4_boot_apics apics[R4_MAX_CLUSTERS]; /* by cluster: whom a doorbell may reach */
    uint8_t peer_priority[R4_MAX_CLUSTERS];      /* at which this cluster serves what comes from that peer */
    uint32_t console_owner;                      /* the cluster that has the console's device */
    uint32_t pci_owner;                          /* the cluster that has PCI configuration */
    uint32_t io_apic_count;                      /* of this cluster's own */
    uint32_t reserved;
    struct r4_boot_io_apic io_apics[R4_MAX_IO_APICS];
    char command[256]; /* zero-terminated: GRUB's line, a blank, and fw_cfg's opt/r4/command */
    /* Of all clusters, disjoint, ascending; with their root blocks, without their reserves: RAM that is in no pool is
     * lent by nobody. They may hold what the coordinator still uses: no kernel writes there before all cores of all
     * clusters have arrived. */
    struct r4_boot_pool pools[R4_BOOT_POOLS];
};
_Static_assert(R4_AREA_IO_APICS + R4_MAX_IO_APICS * R4_PAGE_SIZE <= R4_AREA_CORES, "I/O APICs meet the cores");
_Static_assert(sizeof(struct r4_boot_info) <= R4_BOOT_INFO_PAGES * R4_PAGE_SIZE, "boot information outgrew its pages");

#endif
