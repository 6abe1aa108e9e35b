/* SPDX-License-Identifier: MIT
 *
 * Root pointer, root table, common header. See acpi.h.
 */
#include "acpi.h"
#include <r4/string.h>

#define ACPI_RSDP_SIZE_1    20U /* revision 0: up to the RSDT's address */
#define ACPI_RSDP_SIZE_2    36U
#define ACPI_RSDP_REVISION  15U /* offsets in the root pointer, ACPI 6.5 table 5.3 */
#define ACPI_RSDP_RSDT      16U
#define ACPI_RSDP_LENGTH    20U
#define ACPI_RSDP_XSDT      24U
#define ACPI_TABLE_SIZE_MAX (16U << 20) /* a longer table is taken for a mistake: summing it would take for ever */

uint16_t acpi_read16(const uint8_t *bytes) { return (uint16_t)(bytes[0] | bytes[1] << 8); }

uint32_t acpi_read32(const uint8_t *bytes) {
    return (uint32_t)acpi_read16(bytes) | (uint32_t)acpi_read16(bytes + 2) << 16;
}

uint64_t acpi_read64(const uint8_t *bytes) {
    return (uint64_t)acpi_read32(bytes) | (uint64_t)acpi_read32(bytes + 4) << 32;
}

bool acpi_sum_good(const void *bytes, size_t size) {
    const uint8_t *byte = bytes;
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + byte[i]);
    }
    return sum == 0;
}

struct acpi_fault acpi_good(void) {
    return (struct acpi_fault){.what = NULL, .entry = ACPI_NO_ENTRY};
}

static struct acpi_fault fault_named(const char signature[4], uint32_t entry, const char *what) {
    struct acpi_fault fault = {.what = what, .entry = entry};
    memcpy(fault.table, signature, 4);
    return fault;
}

struct acpi_fault acpi_bad(const struct acpi_header *table, uint32_t entry, const char *what) {
    return fault_named(table->signature, entry, what);
}

/* The table at `base`: first its header is reached, then as much as that says. */
static struct acpi_fault table_open(const struct acpi_memory *memory, phys_t base, const char signature[4],
                                    const struct acpi_header **table) {
    const struct acpi_header *header = memory->at(memory->context, base, sizeof(*header));
    if (!header) {
        return fault_named(signature, ACPI_NO_ENTRY, "its address cannot be reached");
    }
    if (memcmp(header->signature, signature, 4) != 0) {
        return fault_named(signature, ACPI_NO_ENTRY, "another signature stands at its address");
    }
    if (header->length < sizeof(*header)) {
        return fault_named(signature, ACPI_NO_ENTRY, "its length is shorter than a header");
    }
    if (header->length > ACPI_TABLE_SIZE_MAX) {
        return fault_named(signature, ACPI_NO_ENTRY, "its length is above 16 MiB");
    }
    if (!memory->at(memory->context, base, header->length)) {
        return fault_named(signature, ACPI_NO_ENTRY, "its end cannot be reached");
    }
    if (!acpi_sum_good(header, header->length)) {
        return fault_named(signature, ACPI_NO_ENTRY, "its checksum is wrong");
    }
    *table = header;
    return acpi_good();
}

static struct acpi_fault root_open(const struct acpi_memory *memory, phys_t base, uint32_t width,
                                   struct acpi_root *root) {
    const struct acpi_header *table = NULL;
    struct acpi_fault fault = table_open(memory, base, width == 8 ? "XSDT" : "RSDT", &table);
    if (fault.what) {
        return fault;
    }
    uint32_t size = table->length - (uint32_t)sizeof(*table);
    if (size % width != 0) {
        return acpi_bad(table, ACPI_NO_ENTRY, "its length is not a whole number of entries");
    }
    root->entries = (const uint8_t *)(table + 1);
    root->width = width;
    root->count = size / width;
    return acpi_good();
}

struct acpi_fault acpi_open(const struct acpi_memory *memory, const void *rsdp, size_t size, struct acpi_root *root) {
    const uint8_t *bytes = rsdp;
    if (size < ACPI_RSDP_SIZE_1) {
        return fault_named("RSDP", ACPI_NO_ENTRY, "it is shorter than 20 bytes");
    }
    if (memcmp(bytes, "RSD PTR ", 8) != 0) {
        return fault_named("RSDP", ACPI_NO_ENTRY, "its signature is wrong");
    }
    if (!acpi_sum_good(bytes, ACPI_RSDP_SIZE_1)) {
        return fault_named("RSDP", ACPI_NO_ENTRY, "the checksum of its first 20 bytes is wrong");
    }
    if (bytes[ACPI_RSDP_REVISION] < 2) {
        return root_open(memory, acpi_read32(bytes + ACPI_RSDP_RSDT), 4, root);
    }
    if (size < ACPI_RSDP_SIZE_2) {
        return fault_named("RSDP", ACPI_NO_ENTRY, "it is shorter than 36 bytes");
    }
    uint32_t length = acpi_read32(bytes + ACPI_RSDP_LENGTH);
    if (length < ACPI_RSDP_SIZE_2 || length > size) {
        return fault_named("RSDP", ACPI_NO_ENTRY, "its length is wrong");
    }
    if (!acpi_sum_good(bytes, length)) {
        return fault_named("RSDP", ACPI_NO_ENTRY, "its checksum is wrong");
    }
    phys_t xsdt = acpi_read64(bytes + ACPI_RSDP_XSDT);
    if (xsdt != 0) {
        return root_open(memory, xsdt, 8, root);
    }
    return root_open(memory, acpi_read32(bytes + ACPI_RSDP_RSDT), 4, root);
}

struct acpi_fault acpi_find(const struct acpi_memory *memory, const struct acpi_root *root, const char signature[4],
                            struct acpi_table *table) {
    *table = (struct acpi_table){.header = NULL};
    for (uint32_t i = 0; i < root->count; i++) {
        const uint8_t *entry = root->entries + (size_t)i * root->width;
        phys_t base = root->width == 8 ? acpi_read64(entry) : acpi_read32(entry);
        if (base == 0) {
            continue; /* seen in the field: a slot that the firmware left empty */
        }
        const struct acpi_header *header = memory->at(memory->context, base, sizeof(*header));
        if (!header) {
            return fault_named(root->width == 8 ? "XSDT" : "RSDT", i, "its address cannot be reached");
        }
        if (memcmp(header->signature, signature, 4) != 0) {
            continue;
        }
        if (table->header) {
            table->duplicates++;
            continue;
        }
        struct acpi_fault fault = table_open(memory, base, signature, &table->header);
        if (fault.what) {
            return fault;
        }
    }
    return acpi_good();
}

bool acpi_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct acpi_fault *fault) {
    const struct acpi_header *table = cursor->table;
    *fault = acpi_good();
    if (cursor->offset >= table->length) {
        return false;
    }
    uint32_t left = table->length - cursor->offset;
    const uint8_t *bytes = (const uint8_t *)table + cursor->offset;
    if (left < 2 || bytes[1] < 2) {
        *fault = acpi_bad(table, cursor->index, "its length is below 2");
        return false;
    }
    if (bytes[1] > left) {
        *fault = acpi_bad(table, cursor->index, "it reaches beyond the table's end");
        return false;
    }
    *entry = (struct acpi_entry){.bytes = bytes, .length = bytes[1], .index = cursor->index, .type = bytes[0]};
    cursor->offset += entry->length;
    cursor->index++;
    return true;
}
