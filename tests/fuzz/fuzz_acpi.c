/* SPDX-License-Identifier: MIT
 *
 * acpi_open, acpi_find: input = physical memory from address 0 on, with the root pointer at its start. Then every entry
 * of the tables found is walked. The mutator repairs checksums most of the time; otherwise nothing gets past them.
 */
#include "fuzz.h"

#define RSDP_SIZE 36U

struct memory {
    uint8_t *bytes;
    size_t size;
};

static const void *memory_at(void *context, phys_t base, uint64_t size) {
    const struct memory *memory = context;
    bool inside = base != 0 && base < memory->size && size <= memory->size - base;
    return inside ? memory->bytes + base : NULL;
}

/* Each entry follows the one before, all of it within the table. */
static void entries_walk(const struct acpi_header *table, uint32_t first) {
    struct acpi_cursor cursor = {.table = table, .offset = first};
    struct acpi_entry entry;
    struct refusal why;
    uint32_t index = 0;
    for (uint32_t at = first; acpi_next(&cursor, &entry, fuzz_notes(), &why); at += entry.length) {
        FUZZ_CHECK(entry.bytes == (const uint8_t *)table + at && entry.length >= 2);
        FUZZ_CHECK(at + entry.length <= table->length && cursor.offset == at + entry.length);
        FUZZ_CHECK(entry.index == index++);
    }
    FUZZ_CHECK(fuzz_table_good(!cursor.refused, table, &why) == (cursor.offset >= table->length));
}

static void table_check(const struct memory *memory, const struct acpi_root *root, const char *signature) {
    const struct acpi_memory at = {memory_at, (void *)(uintptr_t)memory};
    struct acpi_table found;
    struct refusal why;
    if (!fuzz_good(acpi_find(&at, root, signature, &found, fuzz_notes(), &why), &why)) {
        FUZZ_CHECK(found.header == NULL);
    }
    if (found.header == NULL) {
        return;
    }
    FUZZ_CHECK(memcmp(found.header->signature, signature, 4) == 0 && found.duplicates < root->count);
    struct acpi_header *table = fuzz_copy(found.header, found.header->length);
    entries_walk(table, 44);
    entries_walk(table, 48);
    free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct memory memory = {fuzz_copy(data, size), size};
    const struct acpi_memory at = {memory_at, &memory};
    size_t rsdp_size = size < RSDP_SIZE ? size : RSDP_SIZE;
    uint8_t *rsdp = fuzz_copy(data, rsdp_size);
    struct acpi_root root;
    struct refusal why;
    if (fuzz_good(acpi_open(&at, rsdp, rsdp_size, false, &root, fuzz_notes(), &why), &why)) {
        const uint8_t *entries = root.entries;
        FUZZ_CHECK(entries > memory.bytes && entries + root.count * (root.is_wide ? 8UL : 4UL) <= memory.bytes + size);
        table_check(&memory, &root, "APIC");
        table_check(&memory, &root, "SRAT");
        table_check(&memory, &root, "FACP");
    }
    free(rsdp);
    free(memory.bytes);
    return 0;
}

static void table_seal(uint8_t *data, size_t size, uint64_t base) {
    if (base == 0 || base >= size || size - base < sizeof(struct acpi_header)) {
        return;
    }
    uint32_t length = fuzz_read32(data + base + 4);
    if (length >= sizeof(struct acpi_header) && length <= size - base) {
        fuzz_sum(data + base, length, 9);
    }
}

/* The tables first, then the root table, then the pointer: each sum covers no other sum. */
static void memory_seal(uint8_t *data, size_t size) {
    if (size < RSDP_SIZE) {
        return;
    }
    bool wide = data[15] >= 2 && fuzz_read64(data + 24) != 0;
    uint64_t base = wide ? fuzz_read64(data + 24) : fuzz_read32(data + 16);
    uint32_t width = wide ? 8 : 4;
    if (base != 0 && base < size && size - base >= sizeof(struct acpi_header)) {
        uint32_t length = fuzz_read32(data + base + 4);
        length = length > size - base ? (uint32_t)(size - base) : length;
        for (uint32_t at = sizeof(struct acpi_header); at + width <= length && at < 256; at += width) {
            const uint8_t *entry = data + base + at;
            table_seal(data, size, wide ? fuzz_read64(entry) : fuzz_read32(entry));
        }
        table_seal(data, size, base);
    }
    fuzz_sum(data, 20, 8);
    fuzz_sum(data, RSDP_SIZE, 32);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max);
    if (seed % 8 != 0) {
        memory_seal(data, size);
    }
    return size;
}
