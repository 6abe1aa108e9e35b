/* SPDX-License-Identifier: MIT
 *
 * Reads the MADT. See madt.h.
 */
#include "madt.h"

#define MADT_ID_NOBODY    255U /* the broadcast address of xAPIC mode */
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

/* A read of one table. */
struct reader {
    struct madt *madt;
    struct notes *notes;
    uint32_t entry;       /* which is read */
    bool has_local_apics; /* enabled ones, of good ids */
};

/* Firmware fills unused entries with a repeated id and no flag: one that repeats and is not enabled says nothing. */
static bool core_add(const struct reader *reader, uint32_t apic_id, uint32_t flags, struct refusal *why) {
    struct madt *madt = reader->madt;
    bool enabled = flags & ACPI_MADT_ENABLED;
    bool online_capable = flags & ACPI_MADT_ONLINE_CAPABLE;
    for (uint32_t i = 0; i < madt->core_count; i++) {
        struct madt_core *known = &madt->cores[i];
        if (known->apic_id != apic_id) {
            continue;
        }
        if (known->enabled && enabled) {
            notes_add(reader->notes, NOTE_CORE_TWICE,
                      "ignored: ACPI table APIC, entry %u: it enables APIC id %u, which an earlier entry enables too",
                      reader->entry, apic_id);
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

static bool local_apic_read(const struct reader *reader, const struct acpi_entry *entry, struct refusal *why) {
    const struct acpi_madt_local_apic *apic = entry->bytes;
    if (entry->length < sizeof(*apic)) {
        return refuse(why, "a local APIC entry is shorter than 8 bytes");
    }
    if (apic->apic_id < MADT_ID_NOBODY) {
        return core_add(reader, apic->apic_id, apic->flags, why);
    }
    if (apic->flags & ACPI_MADT_ENABLED) {
        notes_add(reader->notes, NOTE_CORE_255,
                  "ignored: ACPI table APIC, entry %u: it enables APIC id 255, which no local APIC has", entry->index);
    }
    return true;
}

static bool local_x2apic_read(const struct reader *reader, const struct acpi_entry *entry, struct refusal *why) {
    const struct acpi_madt_local_x2apic *apic = entry->bytes;
    if (entry->length < sizeof(*apic)) {
        return refuse(why, "a local x2APIC entry is shorter than 16 bytes");
    }
    if (apic->apic_id >= MADT_ID_NOBODY || !reader->has_local_apics) {
        return core_add(reader, apic->apic_id, apic->flags, why);
    }
    if (apic->flags & ACPI_MADT_ENABLED) {
        notes_add(reader->notes, NOTE_CORE_X2APIC,
                  "ignored: ACPI table APIC, entry %u: an x2APIC entry for APIC id %u, beside local APIC entries",
                  entry->index, apic->apic_id);
    }
    return true;
}

static bool io_apic_read(const struct reader *reader, const struct acpi_entry *entry, struct refusal *why) {
    const struct acpi_madt_io_apic *io_apic = entry->bytes;
    struct madt *madt = reader->madt;
    if (entry->length < sizeof(*io_apic)) {
        return refuse(why, "an I/O APIC entry is shorter than 12 bytes");
    }
    if (io_apic->base == 0 || !is_aligned(io_apic->base, MADT_IO_APIC_UNIT)) {
        notes_add(reader->notes, NOTE_IO_APIC_ODD,
                  "ignored: ACPI table APIC, entry %u: I/O APIC %u at 0x%x, which is 0 or no multiple of %u",
                  entry->index, io_apic->id, io_apic->base, MADT_IO_APIC_UNIT);
        return true;
    }
    if (madt_find_io_apic(madt, io_apic->id) != NULL) {
        notes_add(reader->notes, NOTE_IO_APIC_TWICE,
                  "ignored: ACPI table APIC, entry %u: I/O APIC %u at 0x%x, an id that an earlier entry has",
                  entry->index, io_apic->id, io_apic->base);
        return true;
    }
    if (madt->io_apic_count == R4_MAX_IO_APICS) {
        return refuse(why, "the table names more than %u I/O APICs", R4_MAX_IO_APICS);
    }
    madt->io_apics[madt->io_apic_count++] =
        (struct madt_io_apic){.base = io_apic->base, .id = io_apic->id, .first_line = io_apic->first_line};
    return true;
}

static bool address_read(const struct reader *reader, const struct acpi_entry *entry, struct refusal *why) {
    const struct acpi_madt_address *address = entry->bytes;
    if (entry->length < sizeof(*address)) {
        return refuse(why, "an address override is shorter than 12 bytes");
    }
    reader->madt->apic = address->apic;
    return true;
}

static bool entry_read(const struct reader *reader, const struct acpi_entry *entry, struct refusal *why) {
    switch (entry->type) {
    case ACPI_MADT_LOCAL_APIC:
        return local_apic_read(reader, entry, why);
    case ACPI_MADT_IO_APIC:
        return io_apic_read(reader, entry, why);
    case ACPI_MADT_LOCAL_X2APIC:
        return local_x2apic_read(reader, entry, why);
    case ACPI_MADT_ADDRESS:
        return address_read(reader, entry, why);
    default:
        return true;
    }
}

static struct acpi_cursor entries_of(const struct acpi_header *table) {
    return (struct acpi_cursor){.table = table, .offset = sizeof(struct acpi_madt)};
}

/* Asked before the table is read, since entries may come in any order. What is wrong is left to the reader. */
static bool has_local_apics(const struct acpi_header *table) {
    struct acpi_cursor cursor = entries_of(table);
    struct acpi_entry entry;
    struct refusal why;
    while (acpi_next(&cursor, &entry, NULL, &why)) {
        const struct acpi_madt_local_apic *apic = entry.bytes;
        if (entry.type == ACPI_MADT_LOCAL_APIC && entry.length >= sizeof(*apic) && apic->apic_id < MADT_ID_NOBODY &&
            (apic->flags & ACPI_MADT_ENABLED)) {
            return true;
        }
    }
    return false;
}

bool madt_read(const struct acpi_header *table, struct madt *madt, struct notes *notes, struct refusal *why) {
    madt->core_count = 0;
    madt->io_apic_count = 0;
    if (table->length < sizeof(struct acpi_madt)) {
        return acpi_refuse(table, why, "it is shorter than 44 bytes");
    }
    madt->apic = ((const struct acpi_madt *)table)->apic;
    struct reader reader = {.madt = madt, .notes = notes, .has_local_apics = has_local_apics(table)};
    struct acpi_cursor cursor = entries_of(table);
    struct acpi_entry entry;
    while (acpi_next(&cursor, &entry, notes, why)) {
        reader.entry = entry.index;
        if (!entry_read(&reader, &entry, why)) {
            return acpi_refuse_entry(table, entry.index, why);
        }
    }
    if (!cursor.refused && madt->core_count == 0) {
        return acpi_refuse(table, why, "it names no processor");
    }
    return !cursor.refused;
}
