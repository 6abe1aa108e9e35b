/* SPDX-License-Identifier: MIT
 *
 * The layout: which cores and which memory belong to which cluster, and the constants that each kernel copy is linked
 * with. One versioned, checksummed binary, little endian, made by tools/linkgen.py, loaded as a multiboot2 module named
 * "layout". The coordinator treats it as untrusted and compares it with the ACPI tables.
 *
 * The header, then five arrays: clusters, cores, memories, peers, I/O APICs; the structures below, without gaps.
 */
#ifndef R4_LAYOUT_H
#define R4_LAYOUT_H

#include <r4/refusal.h>

#define R4_LAYOUT_MAGIC   0x4c345234U /* "4R4L" in memory */
#define R4_LAYOUT_VERSION 2U

struct r4_layout_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_size;   /* of this structure, bytes */
    uint32_t size;          /* of the whole layout, bytes */
    uint32_t checksum;      /* CRC-32 (IEEE 802.3, as zlib's) of the whole with this field zero */
    uint16_t cluster_count; /* 1..R4_MAX_CLUSTERS */
    uint16_t core_count;    /* entries in cores */
    uint16_t memory_count;
    uint16_t peer_count;
    uint16_t ring_slots;    /* of each mailbox ring, a power of two, 1..64 */
    uint16_t console_owner; /* the cluster that has the console's device */
    uint32_t flags;         /* R4_LAYOUT_STOP, R4_LAYOUT_TRACE */
    uint16_t pci_owner;     /* the cluster that has PCI configuration */
    uint16_t io_apic_count;
    uint32_t reserved;
};
R4_SIZE(struct r4_layout_header, 40);

#define R4_LAYOUT_STOP  1U /* a layout that contradicts the tables stops the boot */
#define R4_LAYOUT_TRACE 2U /* the kernels record trace events */

struct r4_layout_cluster {
    uint64_t virtual_base; /* of its 16 MiB of kernel addresses, see the areas below */
    uint64_t direct_map;   /* physical address 0 appears here */
    uint16_t number;       /* its index in the array */
    uint16_t group;        /* clusters that may share sibling threads have the same group */
    uint16_t core_count;   /* 1..R4_MAX_CORES */
    uint16_t reserved;
};
R4_SIZE(struct r4_layout_cluster, 24);

struct r4_layout_core { /* cluster by cluster, in the order of their index in the cluster */
    uint32_t apic_id;
    uint16_t cluster;
    uint16_t reserved;
};
R4_SIZE(struct r4_layout_core, 8);

struct r4_layout_memory { /* a part of one SRAT domain's RAM */
    uint64_t offset; /* bytes, a multiple of 2 MiB; counted over the domain's ranges in address order, without holes */
    uint64_t size;   /* bytes, a multiple of 2 MiB */
    uint32_t domain; /* SRAT proximity domain */
    uint16_t cluster;
    uint16_t reserved;
};
R4_SIZE(struct r4_layout_memory, 24);

struct r4_layout_peer { /* one per ordered pair of clusters */
    uint16_t from;
    uint16_t to;
    uint8_t priority; /* at which `to` serves what comes from `from`, 0..255 */
    uint8_t distance; /* SLIT value that the layout expects, 10..254; 0 = not stated */
    uint16_t reserved;
};
R4_SIZE(struct r4_layout_peer, 8);

struct r4_layout_io_apic { /* one that is not the console owner's; all others are */
    uint16_t id;           /* in the MADT, 0..255 */
    uint16_t owner;        /* cluster */
    uint32_t reserved;
};
R4_SIZE(struct r4_layout_io_apic, 8);

/* The kernel's 16 MiB: areas at fixed offsets from virtual_base. Pages that are not named are not mapped. */
#define R4_KERNEL_AREA    0x1000000U /* distance between the virtual bases of two clusters */
#define R4_VIRTUAL_BASE   0xffffffff80000000ULL
#define R4_AREA_IMAGE     0x000000U /* text, read-only data, data, bss: up to 2 MiB */
#define R4_AREA_BOOT_INFO 0x200000U /* struct r4_boot_info, read-only */
#define R4_AREA_HEADER    0x300000U /* own header page */
#define R4_AREA_TABLES    0x310000U /* the kernel's PML4 */
#define R4_AREA_RINGS_IN  0x400000U /* + source * R4_RING_STRIDE */
#define R4_AREA_RINGS_OUT 0x600000U /* + target * R4_RING_STRIDE */
#define R4_AREA_HEADERS   0x800000U /* + peer * 4 KiB, read-only */
#define R4_AREA_APIC      0x900000U /* local APIC registers, uncached */
#define R4_AREA_IO_APICS  0xa00000U /* + 4 KiB for each own I/O APIC: the page with its registers, uncached */
#define R4_AREA_CORES                                                                                                  \
    0xc00000U /* + core * R4_CORE_STRIDE: guard page, then stack, then struct core at R4_CORE_OFFSET */
#define R4_RING_STRIDE 0x2000U
#define R4_CORE_STRIDE 0x10000U
#define R4_CORE_OFFSET 0x8000U /* the stack is [4 KiB, 32 KiB) of the stride, struct core [32 KiB, 64 KiB) */

/* The direct maps are 512 GiB (one PML4 entry) apart: a pointer of one copy means nothing in another. */
#define R4_DIRECT_MAP       0xffff800000000000ULL
#define R4_DIRECT_MAP_SHIFT 39U

/* Where a kernel sees the page directories of its own direct map: that of GiB n is n * 4 KiB further. As far apart. */
#define R4_DIRECTORY_MAP 0xffffc00000000000ULL

/* RAM above 32 TiB is reported and unused: a slot refers to another slot by 40 bits of address / 32. */
#define R4_PHYS_MAX (1ULL << 45)

/* A layout whose header and arrays have been checked; the pointers go into the module. */
struct r4_layout {
    const struct r4_layout_header *header;
    const struct r4_layout_cluster *clusters;
    const struct r4_layout_core *cores;
    const struct r4_layout_memory *memories;
    const struct r4_layout_peer *peers;
    const struct r4_layout_io_apic *io_apics;
};

/* Checks `size` bytes at `data` and fills *layout. A refusal names the index of the wrong entry in its array; then
 * *layout is not to be used. Reads nothing beyond size. */
bool r4_layout_open(const void *data, size_t size, struct r4_layout *layout, struct refusal *why);

/* CRC-32 (IEEE 802.3, reflected, as zlib's crc32) of size bytes; `crc` is the value so far, 0 at the start. */
uint32_t r4_crc32(uint32_t crc, const void *data, size_t size);

#endif
