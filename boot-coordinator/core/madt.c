/* SPDX-License-Identifier: MIT
 *
 * Reads the MADT. See madt.h.
 */
#include "madt.h"

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
static bool core_add(struct madt *madt, uint32_t apic_id, uint32_t flags, struct refusal *why) {
    bool enabled = flags & ACPI_MADT_ENABLED;
    bool online_capable = flags & ACPI_MADT_ONLINE_CAPABLE;
    for (uint32_t i = 0; i < madt->core_count; i++) {
        struct madt_core *known = &madt->cores[i];
        if (known->apic_id != apic_id) {
            continue;
        }
        if (known->enabled && enabled) {
            return refuse(why, "it enables an APIC id that an earlier entry enables too");
        }
        known->enabled |= enabled;
        known->online_capable = !known->enabled && (known->online_capable || online_capable);
        return true;
    }
    if (madt->core_count == MADT_CORES_MAX) {
        return refuse(why, "the table names more than %u processors", MADT_CORES_MAX);
    }
    madt->cores[madt->core_count++] =
        (struct madt_core){.apic_id = apic_id, .enabled = enabled, .online_capable = !enabled && online_capable};
    return true;
}

static bool local_apic_read(const struct acpi_entry *entry, struct madt *madt, struct refusal *why) {
    const struct acpi_madt_local_apic *apic = entry->bytes;
    if (entry->length < sizeof(*apic)) {
        return refuse(why, "a local APIC entry is shorter than 8 bytes");
    }
    return core_add(madt, apic->apic_id, apic->flags, why);
}

static bool local_x2apic_read(const struct acpi_entry *entry, struct madt *madt, struct refusal *why) {
    const struct acpi_madt_local_x2apic *apic = entry->bytes;
    if (entry->length < sizeof(*apic)) {
        return refuse(why, "a local x2APIC entry is shorter than 16 bytes");
    }
    return core_add(madt, apic->apic_id, apic->flags, why);
}

static bool io_apic_read(const struct acpi_entry *entry, struct madt *madt, struct refusal *why) {
    const struct acpi_madt_io_apic *io_apic = entry->bytes;
    if (entry->length < sizeof(*io_apic)) {
        return refuse(why, "an I/O APIC entry is shorter than 12 bytes");
    }
    if (!is_aligned(io_apic->base, MADT_IO_APIC_UNIT)) {
        return refuse(why, "an I/O APIC's address is no multiple of %u", MADT_IO_APIC_UNIT);
    }
    if (madt_find_io_apic(madt, io_apic->id) != NULL) {
        return refuse(why, "an earlier entry is of an I/O APIC with the same id");
    }
    if (madt->io_apic_count == R4_MAX_IO_APICS) {
        return refuse(why, "the table names more than %u I/O APICs", R4_MAX_IO_APICS);
    }
    madt->io_apics[madt->io_apic_count++] =
        (struct madt_io_apic){.base = io_apic->base, .id = io_apic->id, .first_line = io_apic->first_line};
    return true;
}

static bool address_read(const struct acpi_entry *entry, struct madt *madt, struct refusal *why) {
    const struct acpi_madt_address *address = entry->bytes;
    if (entry->length < sizeof(*address)) {
        return refuse(why, "an address override is shorter than 12 bytes");
    }
    madt->apic = address->apic;
    return true;
}

static bool entry_read(const struct acpi_entry *entry, struct madt *madt, struct refusal *why) {
    switch (entry->type) {
    case ACPI_MADT_LOCAL_APIC:
        return local_apic_read(entry, madt, why);
    case ACPI_MADT_IO_APIC:
        return io_apic_read(entry, madt, why);
    case ACPI_MADT_LOCAL_X2APIC:
        return local_x2apic_read(entry, madt, why);
    case ACPI_MADT_ADDRESS:
        return address_read(entry, madt, why);
    default:
        return true;
    }
}

bool madt_read(const struct acpi_header *table, struct madt *madt, struct refusal *why) {
    madt->core_count = 0;
    madt->io_apic_count = 0;
    if (table->length < sizeof(struct acpi_madt)) {
        return acpi_refuse(table, why, "it is shorter than 44 bytes");
    }
    madt->apic = ((const struct acpi_madt *)table)->apic;
    struct acpi_cursor cursor = {.table = table, .offset = sizeof(struct acpi_madt)};
    struct acpi_entry entry;
    while (acpi_next(&cursor, &entry, why)) {
        if (!entry_read(&entry, madt, why)) {
            return acpi_refuse_entry(table, entry.index, why);
        }
    }
    if (!cursor.refused && madt->core_count == 0) {
        return acpi_refuse(table, why, "it names no processor");
    }
    return !cursor.refused;
}
