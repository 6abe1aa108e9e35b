/* SPDX-License-Identifier: MIT
 *
 * Reads the MADT. See madt.h.
 */
#include "madt.h"

#define MADT_HEADER_SIZE  44U
#define MADT_APIC_ADDRESS 36U /* offset in the table */
#define MADT_LOCAL_APIC   0U  /* types of entries */
#define MADT_IO_APIC      1U
#define MADT_ADDRESS      5U
#define MADT_LOCAL_X2APIC 9U
#define MADT_ENABLED      1U
#define MADT_ONLINE       2U
#define MADT_IO_APIC_UNIT 256U /* registers begin at a multiple of that: 82093AA datasheet, 3.0 */

const struct madt_core *madt_find(const struct madt *madt, uint32_t apic_id) {
    for (uint32_t i = 0; i < madt->core_count; i++) {
        if (madt->cores[i].apic_id == apic_id) {
            return &madt->cores[i];
        }
    }
    return NULL;
}

const struct madt_io_apic *madt_find_io_apic(const struct madt *madt, uint32_t id) {
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        if (madt->io_apics[i].id == id) {
            return &madt->io_apics[i];
        }
    }
    return NULL;
}

/* Firmware fills unused entries with a repeated id and no flag: one that repeats and is not enabled says nothing. */
static const char *core_add(struct madt *madt, uint32_t apic_id, uint32_t flags) {
    bool enabled = flags & MADT_ENABLED;
    for (uint32_t i = 0; i < madt->core_count; i++) {
        struct madt_core *known = &madt->cores[i];
        if (known->apic_id != apic_id) {
            continue;
        }
        if (known->enabled && enabled) {
            return "it enables an APIC id that an earlier entry enables too";
        }
        known->enabled |= enabled;
        known->online_capable = !known->enabled && (known->online_capable || (flags & MADT_ONLINE));
        return NULL;
    }
    if (madt->core_count == MADT_CORES_MAX) {
        return "the table names more than 4096 processors";
    }
    madt->cores[madt->core_count++] =
        (struct madt_core){.apic_id = apic_id, .enabled = enabled, .online_capable = !enabled && (flags & MADT_ONLINE)};
    return NULL;
}

static const char *io_apic_add(struct madt *madt, uint32_t id, phys_t base, uint32_t first_line) {
    if (!is_aligned(base, MADT_IO_APIC_UNIT)) {
        return "an I/O APIC's address is no multiple of 256";
    }
    if (madt_find_io_apic(madt, id) != NULL) {
        return "an earlier entry is of an I/O APIC with the same id";
    }
    if (madt->io_apic_count == R4_MAX_IO_APICS) {
        return "the table names more than 128 I/O APICs";
    }
    madt->io_apics[madt->io_apic_count++] = (struct madt_io_apic){.base = base, .id = id, .first_line = first_line};
    return NULL;
}

static const char *entry_read(const struct acpi_entry *entry, struct madt *madt) {
    switch (entry->type) {
    case MADT_LOCAL_APIC:
        if (entry->length < 8) {
            return "a local APIC entry is shorter than 8 bytes";
        }
        return core_add(madt, entry->bytes[3], acpi_read32(entry->bytes + 4));
    case MADT_IO_APIC:
        if (entry->length < 12) {
            return "an I/O APIC entry is shorter than 12 bytes";
        }
        return io_apic_add(madt, entry->bytes[2], acpi_read32(entry->bytes + 4), acpi_read32(entry->bytes + 8));
    case MADT_LOCAL_X2APIC:
        if (entry->length < 16) {
            return "a local x2APIC entry is shorter than 16 bytes";
        }
        return core_add(madt, acpi_read32(entry->bytes + 4), acpi_read32(entry->bytes + 8));
    case MADT_ADDRESS:
        if (entry->length < 12) {
            return "an address override is shorter than 12 bytes";
        }
        madt->apic = acpi_read64(entry->bytes + 4);
        return NULL;
    default:
        return NULL;
    }
}

struct acpi_fault madt_read(const struct acpi_header *table, struct madt *madt) {
    madt->core_count = 0;
    madt->io_apic_count = 0;
    if (table->length < MADT_HEADER_SIZE) {
        return acpi_bad(table, ACPI_NO_ENTRY, "it is shorter than 44 bytes");
    }
    madt->apic = acpi_read32((const uint8_t *)table + MADT_APIC_ADDRESS);
    struct acpi_cursor cursor = {.table = table, .offset = MADT_HEADER_SIZE};
    struct acpi_entry entry;
    struct acpi_fault fault;
    while (acpi_next(&cursor, &entry, &fault)) {
        const char *what = entry_read(&entry, madt);
        if (what) {
            return acpi_bad(table, entry.index, what);
        }
    }
    if (!fault.what && madt->core_count == 0) {
        return acpi_bad(table, ACPI_NO_ENTRY, "it names no processor");
    }
    return fault;
}
