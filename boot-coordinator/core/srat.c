/* SPDX-License-Identifier: MIT
 *
 * Reads the SRAT. See srat.h.
 */
#include "srat.h"

#define SRAT_HEADER_SIZE 48U
#define SRAT_APIC        0U /* types of entries */
#define SRAT_MEMORY      1U
#define SRAT_X2APIC      2U
#define SRAT_ENABLED     1U /* flag of all three */

const struct srat_core *srat_find(const struct srat *srat, uint32_t apic_id) {
    for (uint32_t i = 0; i < srat->core_count; i++) {
        if (srat->cores[i].apic_id == apic_id) {
            return &srat->cores[i];
        }
    }
    return NULL;
}

static const char *core_add(struct srat *srat, uint32_t apic_id, uint32_t domain) {
    const struct srat_core *known = srat_find(srat, apic_id);
    if (known) {
        return known->domain == domain ? NULL : "it puts an APIC id into another domain than an earlier entry";
    }
    if (srat->core_count == SRAT_CORES_MAX) {
        return "the table names more than 8192 processors";
    }
    srat->cores[srat->core_count++] = (struct srat_core){.apic_id = apic_id, .domain = domain};
    return NULL;
}

/* Inserted in address order, so that only the two neighbours can overlap. */
static const char *memory_add(struct srat *srat, struct srat_memory memory) {
    if (memory.size == 0) {
        return NULL; /* a dummy: enabled, but no memory */
    }
    if (memory.base + memory.size < memory.base) {
        return "its range reaches beyond the last address";
    }
    if (srat->memory_count == SRAT_MEMORIES_MAX) {
        return "the table names more than 512 memory ranges";
    }
    uint32_t at = srat->memory_count;
    while (at > 0 && srat->memories[at - 1].base > memory.base) {
        at--;
    }
    if (at > 0 && srat->memories[at - 1].base + srat->memories[at - 1].size > memory.base) {
        return "its range overlaps an earlier entry's";
    }
    if (at < srat->memory_count && memory.base + memory.size > srat->memories[at].base) {
        return "its range overlaps an earlier entry's";
    }
    for (uint32_t i = srat->memory_count; i > at; i--) {
        struct srat_memory moved = srat->memories[i - 1];
        srat->memories[i] = moved;
    }
    srat->memories[at] = memory;
    srat->memory_count++;
    return NULL;
}

static const char *apic_read(const struct acpi_entry *entry, bool wide, struct srat *srat) {
    const uint8_t *bytes = entry->bytes;
    if (entry->length < 16) {
        return "a processor entry is shorter than 16 bytes";
    }
    if (!(acpi_read32(bytes + 4) & SRAT_ENABLED)) {
        return NULL;
    }
    uint32_t high = wide ? (uint32_t)bytes[9] | (uint32_t)bytes[10] << 8 | (uint32_t)bytes[11] << 16 : 0;
    return core_add(srat, bytes[3], bytes[2] | high << 8);
}

static const char *memory_read(const struct acpi_entry *entry, bool wide, struct srat *srat) {
    const uint8_t *bytes = entry->bytes;
    if (entry->length < 40) {
        return "a memory entry is shorter than 40 bytes";
    }
    if (!(acpi_read32(bytes + 28) & SRAT_ENABLED)) {
        return NULL;
    }
    return memory_add(srat, (struct srat_memory){.base = acpi_read64(bytes + 8),
                                                 .size = acpi_read64(bytes + 16),
                                                 .domain = wide ? acpi_read32(bytes + 2) : bytes[2],
                                                 .entry = entry->index});
}

static const char *x2apic_read(const struct acpi_entry *entry, struct srat *srat) {
    const uint8_t *bytes = entry->bytes;
    if (entry->length < 24) {
        return "an x2APIC entry is shorter than 24 bytes";
    }
    if (!(acpi_read32(bytes + 12) & SRAT_ENABLED)) {
        return NULL;
    }
    return core_add(srat, acpi_read32(bytes + 8), acpi_read32(bytes + 4));
}

static const char *entry_read(const struct acpi_entry *entry, bool wide, struct srat *srat) {
    switch (entry->type) {
    case SRAT_APIC:
        return apic_read(entry, wide, srat);
    case SRAT_MEMORY:
        return memory_read(entry, wide, srat);
    case SRAT_X2APIC:
        return x2apic_read(entry, srat);
    default:
        return NULL;
    }
}

struct acpi_fault srat_read(const struct acpi_header *table, struct srat *srat) {
    srat->core_count = 0;
    srat->memory_count = 0;
    if (table->length < SRAT_HEADER_SIZE) {
        return acpi_bad(table, ACPI_NO_ENTRY, "it is shorter than 48 bytes");
    }
    struct acpi_cursor cursor = {.table = table, .offset = SRAT_HEADER_SIZE};
    struct acpi_entry entry;
    struct acpi_fault fault;
    while (acpi_next(&cursor, &entry, &fault)) {
        const char *what = entry_read(&entry, table->revision >= 2, srat);
        if (what) {
            return acpi_bad(table, entry.index, what);
        }
    }
    return fault;
}
