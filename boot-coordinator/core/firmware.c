/* SPDX-License-Identifier: MIT
 *
 * Reads all tables. See firmware.h.
 */
#include "firmware.h"
#include "fadt.h"
#include "hpet.h"

static const char *const signatures[FIRMWARE_TABLES] = {"APIC", "FACP", "HPET", "SRAT", "SLIT"};

struct reader {
    const struct firmware_source *source;
    struct firmware *firmware;
    struct acpi_root root;
};

/* Finds a table; firmware->tables[which] is null if there is none, or if it was refused. */
static bool table_find(const struct reader *reader, enum firmware_table which, struct refusal *why) {
    struct firmware *firmware = reader->firmware;
    struct acpi_table table;
    bool good = acpi_find(reader->source->memory, &reader->root, signatures[which], &table, &firmware->notes, why);
    firmware->tables[which] = table.header;
    if (table.duplicates != 0) {
        notes_add(&firmware->notes, NOTE_ALONE, "warning: only the first of %u ACPI tables %s is used",
                  table.duplicates + 1, signatures[which]);
    }
    return good;
}

/* Notes that a table was refused. Returns `good`. */
static bool table_may(struct firmware *firmware, bool good, const struct refusal *why) {
    if (!good) {
        notes_add(&firmware->notes, NOTE_ALONE, "refused: %s", why->text);
    }
    return good;
}

/* The table, or null if there is none that can be read. */
static const struct acpi_header *table_open(const struct reader *reader, enum firmware_table which) {
    struct refusal why;
    table_may(reader->firmware, table_find(reader, which, &why), &why);
    return reader->firmware->tables[which];
}

static bool madt_take(const struct reader *reader, struct refusal *why) {
    struct firmware *firmware = reader->firmware;
    if (!table_find(reader, FIRMWARE_MADT, why)) {
        return false;
    }
    if (firmware->tables[FIRMWARE_MADT] == NULL) {
        return refuse(why, "there is no ACPI table APIC");
    }
    return madt_read(firmware->tables[FIRMWARE_MADT], &firmware->madt, &firmware->notes, why);
}

/* What time can be measured by. The boot may go on without both. */
static void timers_take(const struct reader *reader) {
    struct firmware *firmware = reader->firmware;
    const struct acpi_header *fadt = table_open(reader, FIRMWARE_FADT);
    const struct acpi_header *hpet = table_open(reader, FIRMWARE_HPET);
    struct refusal why;
    if (fadt == NULL || !table_may(firmware, fadt_read(fadt, &firmware->pm_port, &why), &why)) {
        firmware->pm_port = 0;
    }
    if (hpet == NULL || !table_may(firmware, hpet_read(hpet, &firmware->hpet, &why), &why)) {
        firmware->hpet = 0;
    }
}

/* Without a usable SRAT the machine is one domain; the layout may want to stop then. */
static void srat_take(const struct reader *reader) {
    struct firmware *firmware = reader->firmware;
    struct refusal why;
    bool found = table_may(firmware, table_find(reader, FIRMWARE_SRAT, &why), &why);
    const struct acpi_header *table = firmware->tables[FIRMWARE_SRAT];
    if (table != NULL && table_may(firmware,
                                   srat_read(table, &firmware->srat, &firmware->notes, &why) &&
                                       srat_fit(&firmware->srat, reader->source->ram, &firmware->notes, &why),
                                   &why)) {
        firmware->topology.srat = &firmware->srat;
        return;
    }
    firmware->srat.core_count = 0;
    firmware->srat.memory_count = 0;
    notes_add(&firmware->notes, NOTE_ALONE,
              "warning: there is no %sSRAT: all cores and all RAM are taken for one domain",
              found && table == NULL ? "" : "usable ");
}

static void slit_take(const struct reader *reader) {
    struct firmware *firmware = reader->firmware;
    struct refusal why;
    bool found = table_may(firmware, table_find(reader, FIRMWARE_SLIT, &why), &why);
    const struct acpi_header *table = firmware->tables[FIRMWARE_SLIT];
    if (table != NULL && table_may(firmware, slit_read(table, &firmware->slit, &firmware->notes, &why), &why)) {
        firmware->topology.slit = &firmware->slit;
        return;
    }
    firmware->slit.count = 0;
    if (!found || table != NULL) {
        notes_add(&firmware->notes, NOTE_ALONE,
                  "warning: there is no usable SLIT: all distances are taken for unknown");
    }
}

/* What the SRAT lists and the machine does not have: places for more. */
static void absent_note(struct firmware *firmware) {
    const struct srat *srat = &firmware->srat;
    for (uint32_t i = 0; i < srat->core_count; i++) {
        uint32_t apic_id = srat->cores[i].apic_id;
        const struct madt_core *core = madt_find(&firmware->madt, apic_id);
        if (core == NULL) {
            notes_add(&firmware->notes, NOTE_CORE_UNLISTED,
                      "ignored: the SRAT lists a core with APIC id %u, which the MADT does not list", apic_id);
        } else if (!core->enabled) {
            notes_add(&firmware->notes, NOTE_CORE_DISABLED,
                      "ignored: the SRAT lists a core with APIC id %u, which the MADT does not enable", apic_id);
        }
    }
    for (uint32_t i = 0; i < srat->memory_count; i++) {
        const struct srat_memory *memory = &srat->memories[i];
        if (!ranges_meet(firmware->topology.ram, memory->base, memory->base + memory->size)) {
            notes_add(&firmware->notes, NOTE_RANGE_NO_RAM,
                      "ignored: the SRAT lists memory 0x%016lx-0x%016lx of domain %u, where there is no RAM",
                      memory->base, memory->base + memory->size, memory->domain);
        }
    }
}

bool firmware_read(const struct firmware_source *source, struct firmware *firmware, struct refusal *why) {
    struct reader reader = {.source = source, .firmware = firmware};
    firmware->notes.count = 0;
    for (uint32_t i = 0; i < FIRMWARE_TABLES; i++) {
        firmware->tables[i] = NULL;
    }
    bool good = acpi_open(source->memory, source->rsdp, source->rsdp_size, source->narrow, &reader.root,
                          &firmware->notes, why) &&
                madt_take(&reader, why);
    if (good) {
        firmware->is_wide = reader.root.is_wide;
        firmware->topology = (struct topology){.madt = &firmware->madt, .ram = source->ram};
        timers_take(&reader);
        srat_take(&reader);
        slit_take(&reader);
        absent_note(firmware);
    }
    notes_end(&firmware->notes);
    return good;
}
