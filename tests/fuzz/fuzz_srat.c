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

static void memories_check(uint32_t entries) {
    phys_t last = 0;
    FUZZ_CHECK(srat.memory_count <= SRAT_MEMORIES_MAX);
    for (uint32_t i = 0; i < srat.memory_count; i++) {
        const struct srat_memory *memory = &srat.memories[i];
        FUZZ_CHECK(memory->size != 0 && memory->base + memory->size >= memory->base);
        FUZZ_CHECK(memory->base >= last);
        FUZZ_CHECK(memory->entry < entries);
        last = memory->base + memory->size;
    }
}

/* The memory entries that count, seen by a second walk: none may be lost. */
static uint32_t memories_expect(const uint8_t *bytes, uint32_t size, uint32_t *entries) {
    uint32_t memories = 0;
    for (uint32_t at = 48; at < size; at += bytes[at + 1]) {
        const uint8_t *entry = bytes + at;
        memories += entry[0] == 1 && (entry[28] & 1) && fuzz_read64(entry + 16) != 0;
        (*entries)++;
    }
    return memories;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct refusal why;
    struct acpi_header *table = fuzz_table(data, size);
    if (table != NULL && fuzz_table_good(srat_read(table, &srat, &why), table, &why)) {
        uint32_t entries = 0;
        FUZZ_CHECK(srat.memory_count == memories_expect((const uint8_t *)table, table->length, &entries));
        cores_check();
        memories_check(entries);
    }
    free(table);
    return 0;
}
