/* SPDX-License-Identifier: MIT
 *
 * Reads the SRAT. See srat.h.
 */
#include "srat.h"

const struct srat_core *srat_find(const struct srat *srat, uint32_t apic_id) {
    for (uint32_t i = 0; i < srat->core_count; i++) {
        if (srat->cores[i].apic_id == apic_id) {
            return &srat->cores[i];
        }
    }
    return NULL;
}

static bool core_add(struct srat *srat, uint32_t apic_id, uint32_t domain, struct refusal *why) {
    const struct srat_core *known = srat_find(srat, apic_id);
    if (known) {
        return known->domain == domain || refuse(why, "it puts an APIC id into another domain than an earlier entry");
    }
    if (srat->core_count == SRAT_CORES_MAX) {
        return refuse(why, "the table names more than %u processors", SRAT_CORES_MAX);
    }
    srat->cores[srat->core_count++] = (struct srat_core){.apic_id = apic_id, .domain = domain};
    return true;
}

/* Inserts in address order: so only the two neighbours can overlap. */
static bool memory_add(struct srat *srat, struct srat_memory memory, struct refusal *why) {
    if (memory.size == 0) {
        return true; /* a dummy: enabled, but no memory */
    }
    if (memory.base + memory.size < memory.base) {
        return refuse(why, "its range reaches beyond the last address");
    }
    if (srat->memory_count == SRAT_MEMORIES_MAX) {
        return refuse(why, "the table names more than %u memory ranges", SRAT_MEMORIES_MAX);
    }
    uint32_t at = srat->memory_count;
    while (at > 0 && srat->memories[at - 1].base > memory.base) {
        at--;
    }
    if (at > 0 && srat->memories[at - 1].base + srat->memories[at - 1].size > memory.base) {
        return refuse(why, "its range overlaps an earlier entry's");
    }
    if (at < srat->memory_count && memory.base + memory.size > srat->memories[at].base) {
        return refuse(why, "its range overlaps an earlier entry's");
    }
    for (uint32_t i = srat->memory_count; i > at; i--) {
        struct srat_memory moved = srat->memories[i - 1];
        srat->memories[i] = moved;
    }
    srat->memories[at] = memory;
    srat->memory_count++;
    return true;
}

/* `wide`: domains have 32 bits, from revision 2 on. */
static bool local_apic_read(const struct acpi_entry *entry, bool wide, struct srat *srat, struct refusal *why) {
    const struct acpi_srat_local_apic *apic = entry->bytes;
    if (entry->length < sizeof(*apic)) {
        return refuse(why, "a processor entry is shorter than 16 bytes");
    }
    if (!(apic->flags & ACPI_SRAT_ENABLED)) {
        return true;
    }
    const uint8_t *high = apic->domain_high;
    uint32_t domain = apic->domain_low;
    if (wide) {
        domain |= (uint32_t)high[0] << 8 | (uint32_t)high[1] << 16 | (uint32_t)high[2] << 24;
    }
    return core_add(srat, apic->apic_id, domain, why);
}

static bool memory_read(const struct acpi_entry *entry, bool wide, struct srat *srat, struct refusal *why) {
    const struct acpi_srat_memory *memory = entry->bytes;
    if (entry->length < sizeof(*memory)) {
        return refuse(why, "a memory entry is shorter than 40 bytes");
    }
    if (!(memory->flags & ACPI_SRAT_ENABLED)) {
        return true;
    }
    return memory_add(srat,
                      (struct srat_memory){.base = memory->base,
                                           .size = memory->size,
                                           .domain = wide ? memory->domain : memory->domain & UINT8_MAX,
                                           .entry = entry->index},
                      why);
}

static bool local_x2apic_read(const struct acpi_entry *entry, struct srat *srat, struct refusal *why) {
    const struct acpi_srat_local_x2apic *apic = entry->bytes;
    if (entry->length < sizeof(*apic)) {
        return refuse(why, "an x2APIC entry is shorter than 24 bytes");
    }
    if (!(apic->flags & ACPI_SRAT_ENABLED)) {
        return true;
    }
    return core_add(srat, apic->apic_id, apic->domain, why);
}

static bool entry_read(const struct acpi_entry *entry, bool wide, struct srat *srat, struct refusal *why) {
    switch (entry->type) {
    case ACPI_SRAT_LOCAL_APIC:
        return local_apic_read(entry, wide, srat, why);
    case ACPI_SRAT_MEMORY:
        return memory_read(entry, wide, srat, why);
    case ACPI_SRAT_LOCAL_X2APIC:
        return local_x2apic_read(entry, srat, why);
    default:
        return true;
    }
}

bool srat_read(const struct acpi_header *table, struct srat *srat, struct refusal *why) {
    srat->core_count = 0;
    srat->memory_count = 0;
    if (table->length < sizeof(struct acpi_srat)) {
        return acpi_refuse(table, why, "it is shorter than 48 bytes");
    }
    struct acpi_cursor cursor = {.table = table, .offset = sizeof(struct acpi_srat)};
    struct acpi_entry entry;
    while (acpi_next(&cursor, &entry, why)) {
        if (!entry_read(&entry, table->revision >= 2, srat, why)) {
            return acpi_refuse_entry(table, entry.index, why);
        }
    }
    return !cursor.refused;
}
