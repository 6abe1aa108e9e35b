/* SPDX-License-Identifier: MIT
 *
 * All that the coordinator knows, in one place: each step of main.c fills in its part and reads what earlier steps have
 * filled in. There is one struct boot, and one core runs this code.
 */
#ifndef R4_BOOT_BOOT_H
#define R4_BOOT_BOOT_H

#include "core/console.h"
#include "core/firmware.h"
#include "core/multiboot.h"
#include "core/place.h"
#include "core/root.h"
#include "x86/clock.h"
#include <r4/linker.h>

struct cluster {
    const struct r4_layout_cluster *layout;
    const struct r4_layout_core *cores; /* layout->core_count of them */
    uint32_t number;
    uint32_t domain; /* of its first memory part */
    struct ranges pools;
    struct place_reserve reserve;
    struct range root_block;
    struct root root;
    phys_t kernel_root; /* PML4 of its kernel */
    uint64_t entry;     /* of its kernel, virtual address */
};

struct boot {
    struct multiboot loader;
    struct elf_file kernel;
    struct elf_file root;
    struct linker_plan plan;
    uint64_t kernel_entry; /* offset from a kernel's virtual base */
    struct r4_layout layout;
    char command[256];
    bool command_cut; /* the loader's and fw_cfg's words do not fit */
    bool verbose;     /* the command line asks for all that the coordinator can tell */
    struct console serial;
    phys_t identity_end;  /* what lies below can be reached */
    struct ranges in_use; /* by loader, coordinator, tables, and what has been placed */
    struct firmware firmware;
    struct clock_rates rates;
    phys_t low_page;                          /* for the other cores' first instructions */
    struct ranges gibs;                       /* whole GiB in which any cluster has pools */
    struct r4_boot_pool pools[R4_BOOT_POOLS]; /* of all clusters, ascending; without the reserves */
    uint32_t pool_count;
    struct cluster clusters[R4_MAX_CLUSTERS];
};

static inline uint32_t boot_cluster_count(const struct boot *boot) { return boot->layout.header->cluster_count; }

/* Adds to what is in use; stops the boot if there are too many ranges. */
void boot_use(struct boot *boot, phys_t base, uint64_t size);

#endif
