/* SPDX-License-Identifier: MIT
 *
 * Reads the SRAT. See srat.h.
 */
#include "srat.h"

#define SRAT_LOW_END 0x100000000ULL

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

static phys_t memory_end(const struct srat_memory *memory) { return memory->base + memory->size; }

static void memory_delete(struct srat *srat, uint32_t index) {
    srat->memory_count--;
    for (uint32_t i = index; i < srat->memory_count; i++) {
        struct srat_memory moved = srat->memories[i + 1];
        srat->memories[i] = moved;
    }
}

/* In address order. False: there is no room. */
static bool memory_insert(struct srat *srat, struct srat_memory memory) {
    if (srat->memory_count == SRAT_MEMORIES_MAX) {
        return false;
    }
    uint32_t at = srat->memory_count++;
    for (; at > 0 && srat->memories[at - 1].base > memory.base; at--) {
        struct srat_memory moved = srat->memories[at - 1];
        srat->memories[at] = moved;
    }
    srat->memories[at] = memory;
    return true;
}

/* Takes the ranges of the same domain that overlap *memory out of the list and makes *memory cover them all. */
static void memory_merge(struct srat *srat, struct srat_memory *memory, struct notes *notes) {
    uint32_t entry = memory->entry;
    for (uint32_t i = 0; i < srat->memory_count;) {
        const struct srat_memory known = srat->memories[i];
        phys_t base = known.base < memory->base ? known.base : memory->base;
        phys_t end = memory_end(&known) > memory_end(memory) ? memory_end(&known) : memory_end(memory);
        if (known.domain != memory->domain || known.base >= memory_end(memory) || memory->base >= memory_end(&known)) {
            i++;
            continue;
        }
        notes_add(notes, NOTE_RANGE_TWICE,
                  "warning: ACPI table SRAT, entry %u: its range overlaps an earlier one of the same domain: merged",
                  entry);
        memory->base = base;
        memory->size = end - base;
        memory->entry = known.entry < memory->entry ? known.entry : memory->entry;
        memory_delete(srat, i);
        i = 0; /* what it covers now may meet others */
    }
}

static bool memory_add(struct srat *srat, struct srat_memory memory, struct notes *notes, struct refusal *why) {
    if (memory.size == 0) {
        return true; /* a dummy: enabled, but no memory */
    }
    if (memory.base + memory.size < memory.base) {
        return refuse(why, "its range reaches beyond the last address");
    }
    memory_merge(srat, &memory, notes);
    return memory_insert(srat, memory) || refuse(why, "the table names more than %u memory ranges", SRAT_MEMORIES_MAX);
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

static bool memory_read(const struct acpi_entry *entry, bool wide, struct srat *srat, struct notes *notes,
                        struct refusal *why) {
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
                      notes, why);
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

static bool entry_read(const struct acpi_entry *entry, bool wide, struct srat *srat, struct notes *notes,
                       struct refusal *why) {
    switch (entry->type) {
    case ACPI_SRAT_LOCAL_APIC:
        return local_apic_read(entry, wide, srat, why);
    case ACPI_SRAT_MEMORY:
        return memory_read(entry, wide, srat, notes, why);
    case ACPI_SRAT_LOCAL_X2APIC:
        return local_x2apic_read(entry, srat, why);
    default:
        return true;
    }
}

bool srat_read(const struct acpi_header *table, struct srat *srat, struct notes *notes, struct refusal *why) {
    srat->core_count = 0;
    srat->memory_count = 0;
    if (table->length < sizeof(struct acpi_srat)) {
        return acpi_refuse(table, why, "it is shorter than 48 bytes");
    }
    struct acpi_cursor cursor = {.table = table, .offset = sizeof(struct acpi_srat)};
    struct acpi_entry entry;
    while (acpi_next(&cursor, &entry, notes, why)) {
        if (!entry_read(&entry, table->revision >= 2, srat, notes, why)) {
            return acpi_refuse_entry(table, entry.index, why);
        }
    }
    return !cursor.refused;
}

/* The range at `index` and those after it: RAM in two of them has two owners. */
static bool overlaps_judge(const struct srat *srat, uint32_t index, const struct ranges *ram, struct notes *notes,
                           struct refusal *why) {
    const struct srat_memory *one = &srat->memories[index];
    for (uint32_t i = index + 1; i < srat->memory_count && srat->memories[i].base < memory_end(one); i++) {
        const struct srat_memory *other = &srat->memories[i];
        phys_t end = memory_end(other) < memory_end(one) ? memory_end(other) : memory_end(one);
        if (ranges_meet(ram, other->base, end)) {
            return refuse(why, "ACPI table SRAT, entries %u and %u: RAM is in domain %u and in domain %u", one->entry,
                          other->entry, one->domain, other->domain);
        }
        notes_add(notes, NOTE_RANGE_MET,
                  "warning: ACPI table SRAT, entries %u and %u: ranges of domains %u and %u overlap, without RAM",
                  one->entry, other->entry, one->domain, other->domain);
    }
    return true;
}

/* The domain whose range is nearest to [base, end), which meets none: the lower one if two are. */
static uint32_t domain_beside(const struct srat *srat, const struct range *range) {
    uint64_t best = UINT64_MAX;
    uint32_t domain = 0;
    for (uint32_t i = 0; i < srat->memory_count; i++) {
        const struct srat_memory *memory = &srat->memories[i];
        uint64_t gap = memory->base >= range->end ? memory->base - range->end : range->base - memory_end(memory);
        if (memory->entry != SRAT_NO_ENTRY && gap < best) {
            best = gap;
            domain = memory->domain;
        }
    }
    return domain;
}

/* True if so much of the RAM is in no range that the table cannot be meant to be whole. A table that names no RAM is of
 * no use at all: the caller will see. */
static bool leaves_out_most(const struct ranges *ram, const struct ranges *bare) {
    uint64_t bytes = ranges_total(ram);
    uint64_t missing = ranges_total(bare);
    bool most = missing > bytes / 2 || ranges_below(bare, SRAT_LOW_END) > ranges_below(ram, SRAT_LOW_END) / 2;
    return most && missing != bytes;
}

static bool bare_add(struct srat *srat, const struct ranges *bare, struct notes *notes, struct refusal *why) {
    for (uint32_t i = 0; i < bare->count; i++) {
        const struct range *range = &bare->list[i];
        uint32_t domain = domain_beside(srat, range);
        if (!memory_insert(srat, (struct srat_memory){range->base, range_size(range), domain, SRAT_NO_ENTRY})) {
            return refuse(why, "ACPI table SRAT: with what it leaves out it has more than %u memory ranges",
                          SRAT_MEMORIES_MAX);
        }
        notes_add(notes, NOTE_RANGE_ADDED,
                  "warning: the SRAT leaves out most of the RAM: memory 0x%016lx-0x%016lx is taken for domain %u's",
                  range->base, range->end, domain);
    }
    return true;
}

bool srat_fit(struct srat *srat, const struct ranges *ram, struct notes *notes, struct refusal *why) {
    struct ranges bare = *ram;
    for (uint32_t i = 0; i < srat->memory_count; i++) {
        const struct srat_memory *memory = &srat->memories[i];
        if (!overlaps_judge(srat, i, ram, notes, why)) {
            return false;
        }
        if (!ranges_remove(&bare, memory->base, memory_end(memory))) {
            return refuse(why, "ACPI table SRAT: its ranges and those of RAM are together more than %u", RANGES_MAX);
        }
    }
    return !leaves_out_most(ram, &bare) || bare_add(srat, &bare, notes, why);
}
