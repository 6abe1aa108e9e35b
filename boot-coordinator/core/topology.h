/* SPDX-License-Identifier: MIT
 *
 * What the tables together say about the machine, and whether a layout fits it. A machine without an SRAT is one
 * domain, 0, with all cores and all RAM.
 */
#ifndef R4_BOOT_TOPOLOGY_H
#define R4_BOOT_TOPOLOGY_H

#include "madt.h"
#include "place.h"
#include "slit.h"
#include "srat.h"
#include <r4/layout.h>

struct topology {
    const struct madt *madt;
    const struct srat *srat;  /* null: there is none */
    const struct slit *slit;  /* null: there is none */
    const struct ranges *ram; /* what the boot loader's memory map says is usable */
    /* What a kernel needs; without image_size no domain is too small for one. */
    uint64_t image_size;         /* bytes of the linked kernel, whole pages */
    uint64_t root_size;          /* bytes of the root task's segments, whole pages */
    const struct ranges *in_use; /* RAM that a kernel cannot be placed in; null: none */
    uint32_t thread_bits;        /* the lowest bits of an APIC id, which tell the threads of one core apart */
};

/* Contiguous bytes that a cluster's kernel and its root task need, each whole 2 MiB pages. */
struct topology_need {
    uint64_t reserve;
    uint64_t root;
};

/* The domain of a core. False if there is an SRAT and it does not list the core. */
bool topology_core_domain(const struct topology *topology, uint32_t apic_id, uint32_t *domain);

/* SLIT distance between two domains, 0 if it is not known. */
uint32_t topology_distance(const struct topology *topology, uint32_t from, uint32_t to);

/* RAM of a domain; empty for a domain that does not exist. False: too many ranges (so for all below). */
bool topology_domain_ram(const struct topology *topology, uint32_t domain, struct ranges *out);

/* Bytes that the memory parts of a layout are cut from: the 2 MiB pages that a domain's ranges touch, a page counted
 * once. Whole pages: neither the legacy hole below 1 MiB nor tables at the end of RAM shift what follows. */
uint64_t topology_domain_size(const struct topology *topology, uint32_t domain);

/* RAM of a domain within bytes [offset, offset + size), multiples of 2 MiB, of what topology_domain_size() counts. */
bool topology_domain_part(const struct topology *topology, uint32_t domain, uint64_t offset, uint64_t size,
                          struct ranges *out);

/* What each of `clusters` clusters of at most `cores` cores needs; all 0 if the kernel's size is not known. */
struct topology_need topology_need(const struct topology *topology, uint32_t clusters, uint32_t cores);

/* True if a kernel that needs so much can be placed in the domain's RAM. One that cannot hold a kernel counts as one
 * without RAM, as far as cores go. */
bool topology_domain_holds(const struct topology *topology, uint32_t domain, const struct topology_need *need);

/* RAM that the layout gives to a cluster: all its memory parts. */
bool topology_cluster_ram(const struct topology *topology, const struct r4_layout *layout, uint32_t cluster,
                          struct ranges *out);

/* Domain of a cluster: that of its first memory part. False if it has none. */
bool topology_cluster_domain(const struct r4_layout *layout, uint32_t cluster, uint32_t *domain);

/* Compares the layout with the tables. A refusal names both sides of the contradiction. */
bool topology_check(const struct topology *topology, const struct r4_layout *layout, struct refusal *why);

#endif
