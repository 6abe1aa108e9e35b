/* SPDX-License-Identifier: MIT
 *
 * srat_read: input = an SRAT.
 */
#include "core/srat.h"
#include "fuzz.h"

static struct srat srat;

static void cores_check(void) {
    FUZZ_CHECK(srat.core_count <= SRAT_CORES_MAX);
    for (uint32_t i = 0; i < srat.core_count; i++) {
        FUZZ_CHECK(srat_find(&srat, srat.cores[i].apic_id) == &srat.cores[i]);
    }
}

/* Ascending; within a domain disjoint. */
static void memories_check(uint32_t entries) {
    FUZZ_CHECK(srat.memory_count <= SRAT_MEMORIES_MAX);
    for (uint32_t i = 0; i < srat.memory_count; i++) {
        const struct srat_memory *memory = &srat.memories[i];
        FUZZ_CHECK(memory->size != 0 && memory->base + memory->size >= memory->base);
        FUZZ_CHECK(i == 0 || memory->base >= srat.memories[i - 1].base);
        FUZZ_CHECK(memory->entry < entries);
        for (uint32_t j = 0; j < i; j++) {
            const struct srat_memory *other = &srat.memories[j];
            FUZZ_CHECK(other->domain != memory->domain || other->base + other->size <= memory->base);
        }
    }
}

/* One range has all of the entry's. */
static bool memory_listed(uint32_t domain, uint64_t base, uint64_t size) {
    for (uint32_t i = 0; i < srat.memory_count; i++) {
        const struct srat_memory *memory = &srat.memories[i];
        if (memory->domain == domain && memory->base <= base && base + size <= memory->base + memory->size) {
            return true;
        }
    }
    return false;
}

/* The memory entries that count, seen by a second walk: none may be lost. Returns the number of all entries. */
static uint32_t memories_expect(const uint8_t *bytes, uint32_t size) {
    uint32_t entries = 0;
    bool wide = bytes[8] >= 2;
    for (uint32_t at = 48; !fuzz_entries_end(bytes, at, size); at += bytes[at + 1]) {
        const uint8_t *entry = bytes + at;
        uint64_t length = entry[0] == 1 && (entry[28] & 1) ? fuzz_read64(entry + 16) : 0;
        if (length != 0) {
            uint32_t domain = fuzz_read32(entry + 2);
            FUZZ_CHECK(memory_listed(wide ? domain : domain & 255, fuzz_read64(entry + 8), length));
        }
        entries++;
    }
    return entries;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct refusal why;
    struct acpi_header *table = fuzz_table(data, size);
    if (table != NULL && fuzz_table_good(srat_read(table, &srat, fuzz_notes(), &why), table, &why)) {
        cores_check();
        memories_check(memories_expect((const uint8_t *)table, table->length));
    }
    free(table);
    return 0;
}
