/* SPDX-License-Identifier: MIT
 *
 * SRAT: which memory and which processor belong to which proximity domain. Ranges of one domain that overlap are
 * merged, with a note; those of different domains are judged by srat_fit(), which knows where there is RAM. Source:
 * ACPI 6.5, sections 5.2.16, 5.2.16.1 (Processor Local APIC Affinity), 5.2.16.2 (Memory Affinity), 5.2.16.3 (Processor
 * Local x2APIC Affinity). In revision 1 domains have 8 bits.
 */
#ifndef R4_BOOT_SRAT_H
#define R4_BOOT_SRAT_H

#include "acpi.h"
#include "ranges.h"

#define SRAT_CORES_MAX    8192U /* twice what a layout can name: the table may list processors that are not there */
#define SRAT_MEMORIES_MAX 512U
#define SRAT_NO_ENTRY     UINT32_MAX

struct srat_core {
    uint32_t apic_id;
    uint32_t domain;
};

struct srat_memory { /* not all of it need be RAM: intersect with the memory map */
    phys_t base;
    uint64_t size; /* bytes, not 0; base + size does not wrap */
    uint32_t domain;
    uint32_t entry; /* index in the table; of a merged range the first one's, SRAT_NO_ENTRY of one that was added */
};

struct srat {
    uint32_t core_count;
    uint32_t memory_count;
    struct srat_core cores[SRAT_CORES_MAX];         /* enabled ones; each APIC id once */
    struct srat_memory memories[SRAT_MEMORIES_MAX]; /* enabled ones, ascending; disjoint within a domain */
};

/* Reads a table whose length is good. On a refusal *srat is not to be used. */
bool srat_read(const struct acpi_header *table, struct srat *srat, struct notes *notes, struct refusal *why);

/* Compares the ranges with where there is RAM. Refused: RAM in ranges of two domains. Noted: ranges of two domains that
 * meet elsewhere. If less than half of the RAM, or of that below 4 GiB, is in any range, all other RAM gets ranges of
 * its own, in the domain of the nearest address; noted, too. After that no RAM is in two ranges. */
bool srat_fit(struct srat *srat, const struct ranges *ram, struct notes *notes, struct refusal *why);

/* The entry of that APIC id, or null. */
const struct srat_core *srat_find(const struct srat *srat, uint32_t apic_id);

#endif
