/* SPDX-License-Identifier: MIT
 *
 * MADT ("APIC"): which processors and which I/O APICs there are. Entries that real firmware gets wrong are ignored,
 * each kind with a note: an APIC id that is enabled twice; id 255, which is nobody's in xAPIC mode; x2APIC entries with
 * ids below 255 where there are enabled local APIC entries (they repeat those, or are made up); an I/O APIC at address
 * 0, at an odd one, or with an id that is taken. Source: ACPI 6.5, sections 5.2.12, 5.2.12.2 (Processor Local APIC),
 * 5.2.12.3 (I/O APIC), 5.2.12.8 (Local APIC Address Override), 5.2.12.12 (Processor Local x2APIC).
 */
#ifndef R4_BOOT_MADT_H
#define R4_BOOT_MADT_H

#include "acpi.h"

#define MADT_CORES_MAX (R4_MAX_CLUSTERS * R4_MAX_CORES) /* as many as a layout can name; more are refused */

struct madt_core {
    uint32_t apic_id;
    bool enabled;        /* the only ones that may be started */
    bool online_capable; /* not there yet: could be added while the machine runs */
};

struct madt_io_apic {
    phys_t base;         /* of its registers; a multiple of 256: they lie in one page */
    uint32_t id;         /* 0..255 */
    uint32_t first_line; /* global number of its first interrupt line */
};

struct madt {
    phys_t apic; /* of the local APICs' registers */
    uint32_t core_count;
    struct madt_core cores[MADT_CORES_MAX]; /* in the table's order; each APIC id once */
    uint32_t io_apic_count;
    struct madt_io_apic io_apics[R4_MAX_IO_APICS]; /* in the table's order; each id once */
};

/* Reads a table whose length is good. On a refusal *madt is not to be used. */
bool madt_read(const struct acpi_header *table, struct madt *madt, struct notes *notes, struct refusal *why);

/* The processor with that APIC id, or null; the I/O APIC with that id, or null. */
const struct madt_core *madt_find(const struct madt *madt, uint32_t apic_id);
const struct madt_io_apic *madt_find_io_apic(const struct madt *madt, uint32_t id);

#endif
