/* SPDX-License-Identifier: MIT
 *
 * All that the firmware's tables say about the machine: the one reader of them, for the coordinator and for the host's
 * tools, so that both see the same machine. It has no effects: what is to be printed is in the notes. The boot goes on
 * without an SRAT or SLIT that is refused or missing; without a MADT it cannot.
 */
#ifndef R4_BOOT_FIRMWARE_H
#define R4_BOOT_FIRMWARE_H

#include "topology.h"

enum firmware_table { FIRMWARE_MADT, FIRMWARE_FADT, FIRMWARE_HPET, FIRMWARE_SRAT, FIRMWARE_SLIT, FIRMWARE_TABLES };

struct firmware {
    const struct acpi_header *tables[FIRMWARE_TABLES]; /* null: there is none, or it cannot be reached */
    bool is_wide;                                      /* found by the XSDT */
    struct madt madt;
    struct srat srat;
    struct slit slit;         /* its distances are in the table */
    uint16_t pm_port;         /* I/O port of the PM timer; 0: there is none */
    phys_t hpet;              /* registers of the HPET; 0: there is none */
    struct topology topology; /* points into this structure, and to the RAM */
    struct notes notes;       /* ended */
};

struct firmware_source {
    const struct acpi_memory *memory;
    const void *rsdp; /* copy of the root pointer */
    size_t rsdp_size;
    bool narrow;              /* prefer the RSDT to the XSDT */
    const struct ranges *ram; /* of the loader's memory map; stays where it is */
};

/* Reads all tables. On a refusal only the notes are good: the root pointer or table, or the MADT, cannot be used. */
bool firmware_read(const struct firmware_source *source, struct firmware *firmware, struct refusal *why);

#endif
