/* SPDX-License-Identifier: MIT
 *
 * A layout derived from the ACPI tables alone, for a machine whose boot image has none or one that does not fit. Rules:
 * - Cores: each domain that has cores is a cluster; one with more than R4_MAX_CORES becomes several clusters of even
 *   size, cut between the cores, not between their threads; these are one group. Clusters are numbered by domain, cores
 *   in them are in the order of their APIC ids. Only cores that the MADT enables and the SRAT knows count.
 * - Memory: a cluster's home is its own domain, or, if that has not the RAM that a kernel needs, the nearest one that
 *   has. Clusters with the
 *   same home share its RAM in proportion to their cores, cut at 2 MiB pages, in the order of their numbers. A domain
 *   with RAM that is nobody's home goes to the nearest cluster as a whole.
 * - Nearest: lowest SLIT distance, seen from the cores; unreachable and unknown come last; on a tie the lowest number.
 * - Devices: cluster 0 has them all.
 * The caller reports what is left unused.
 */
#ifndef R4_BOOT_DERIVE_H
#define R4_BOOT_DERIVE_H

#include "topology.h"

#define DERIVE_DOMAINS_MAX   (R4_MAX_CLUSTERS + SRAT_MEMORIES_MAX)
#define DERIVE_RING_SLOTS    8U   /* of each ring */
#define DERIVE_PEER_PRIORITY 200U /* of each peer: linkgen.py's default, too */

struct derive_domain {
    uint32_t number;
    uint32_t core_count;
    uint64_t size; /* as topology_domain_size() counts: 0 = no RAM */
    bool holds;    /* a kernel can be placed there */
};

struct derive_core {
    uint32_t domain;
    uint32_t apic_id;
};

struct derive_cluster {
    uint32_t domain; /* of its cores */
    uint32_t home;   /* domain of its first memory part */
};

struct derive { /* memory for one derivation: too large for a stack */
    struct r4_layout_header header;
    struct r4_layout_cluster clusters[R4_MAX_CLUSTERS];
    struct r4_layout_core cores[R4_MAX_CLUSTERS * R4_MAX_CORES];
    struct r4_layout_memory memories[R4_MAX_CLUSTERS + SRAT_MEMORIES_MAX];
    struct r4_layout_peer peers[R4_MAX_CLUSTERS * (R4_MAX_CLUSTERS - 1)];
    struct derive_cluster places[R4_MAX_CLUSTERS];
    uint32_t domain_count;
    struct derive_domain domains[DERIVE_DOMAINS_MAX]; /* ascending */
    uint32_t used_count;
    struct derive_core used[MADT_CORES_MAX]; /* ascending by domain, then by APIC id */
    struct ranges ram;                       /* scratch */
};

/* Derives a layout; *layout then points into *derive. Cores with an APIC id above `apic_id_max` cannot be started and
 * do not count. Refused: a limit is passed, no domain has RAM, the boot processor (`boot_apic_id`) is in no domain. */
bool derive_layout(const struct topology *topology, uint32_t boot_apic_id, uint32_t apic_id_max, struct derive *derive,
                   struct r4_layout *layout, struct refusal *why);

/* Takes a core out of the layout that was derived, since it does not start. Refused: its cluster is left with none. */
bool derive_drop_core(struct derive *derive, uint32_t apic_id, struct refusal *why);

#endif
