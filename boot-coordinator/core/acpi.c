/* SPDX-License-Identifier: MIT
 *
 * Root pointer, root table, common header. See acpi.h.
 */
#include "acpi.h"
#include <r4/string.h>

#define ACPI_RSDP_SIZE_1    20U         /* of revision 0: up to the RSDT's address */
#define ACPI_TABLE_SIZE_MAX (16U << 20) /* a longer table is a mistake: adding it up would take too long */

bool acpi_sum_good(const void *bytes, size_t size) {
    const uint8_t *byte = bytes;
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + byte[i]);
    }
    return sum == 0;
}

static bool refuse_named(const char signature[4], struct refusal *why, const char *text) {
    char name[5] = "";
    memcpy(name, signature, 4);
    return refuse(why, "ACPI table %s: %s", name, text);
}

bool acpi_refuse(const struct acpi_header *table, struct refusal *why, const char *text) {
    return refuse_named(table->signature, why, text);
}

bool acpi_refuse_entry(const struct acpi_header *table, uint32_t index, struct refusal *why) {
    char name[5] = "";
    memcpy(name, table->signature, 4);
    return refuse_about(why, "ACPI table %s, entry %u: ", name, index);
}

/* The table at `base`: first its header is reached, then as much as that says. */
static bool table_open(const struct acpi_memory *memory, phys_t base, const char signature[4],
                       const struct acpi_header **table, struct notes *notes, struct refusal *why) {
    const struct acpi_header *header = memory->at(memory->context, base, sizeof(*header));
    if (!header) {
        return refuse_named(signature, why, "its address cannot be reached");
    }
    if (memcmp(header->signature, signature, 4) != 0) {
        return refuse_named(signature, why, "another signature is at its address");
    }
    if (header->length < sizeof(*header)) {
        return refuse_named(signature, why, "its length is shorter than a header");
    }
    if (header->length > ACPI_TABLE_SIZE_MAX) {
        return refuse_named(signature, why, "its length is above 16 MiB");
    }
    if (!memory->at(memory->context, base, header->length)) {
        return refuse_named(signature, why, "its end cannot be reached");
    }
    if (!acpi_sum_good(header, header->length)) {
        char name[5] = "";
        memcpy(name, signature, 4);
        notes_add(notes, NOTE_ALONE, "warning: ACPI table %s: its checksum is wrong", name);
    }
    *table = header;
    return true;
}

static const char *root_name(bool is_wide) { return is_wide ? "XSDT" : "RSDT"; }

static phys_t root_entry(const struct acpi_root *root, uint32_t index) {
    const struct acpi_xsdt_entry *wide = root->entries;
    const struct acpi_rsdt_entry *narrow = root->entries;
    return root->is_wide ? wide[index].table : narrow[index].table;
}

/* The header of the table that an entry names; null: it cannot be reached, or the entry is empty, as firmware leaves
 * it. */
static const struct acpi_header *root_header(const struct acpi_memory *memory, const struct acpi_root *root,
                                             uint32_t index) {
    phys_t base = root_entry(root, index);
    return base == 0 ? NULL : memory->at(memory->context, base, sizeof(struct acpi_header));
}

static bool root_open(const struct acpi_memory *memory, phys_t base, bool is_wide, struct acpi_root *root,
                      struct notes *notes, struct refusal *why) {
    const struct acpi_header *table = NULL;
    if (!table_open(memory, base, root_name(is_wide), &table, notes, why)) {
        return false;
    }
    uint32_t size = table->length - (uint32_t)sizeof(*table);
    uint32_t width = is_wide ? sizeof(struct acpi_xsdt_entry) : sizeof(struct acpi_rsdt_entry);
    if (size % width != 0) {
        notes_add(notes, NOTE_ALONE, "ignored: ACPI table %s: what is after its last entry, bytes %u",
                  root_name(is_wide), size % width);
    }
    *root = (struct acpi_root){.entries = table + 1, .count = size / width, .is_wide = is_wide};
    for (uint32_t i = 0; i < root->count; i++) {
        if (root_entry(root, i) != 0 && root_header(memory, root, i) == NULL) {
            notes_add(notes, NOTE_ROOT_ENTRY, "ignored: ACPI table %s, entry %u: its address cannot be reached",
                      root_name(is_wide), i);
        }
    }
    return true;
}

bool acpi_open(const struct acpi_memory *memory, const void *rsdp, size_t size, bool narrow, struct acpi_root *root,
               struct notes *notes, struct refusal *why) {
    const struct acpi_rsdp *pointer = rsdp;
    if (size < ACPI_RSDP_SIZE_1) {
        return refuse_named("RSDP", why, "it is shorter than 20 bytes");
    }
    if (memcmp(pointer->signature, "RSD PTR ", 8) != 0) {
        return refuse_named("RSDP", why, "its signature is wrong");
    }
    if (!acpi_sum_good(pointer, ACPI_RSDP_SIZE_1)) {
        return refuse_named("RSDP", why, "the checksum of its first 20 bytes is wrong");
    }
    if (pointer->revision < 2) {
        return root_open(memory, pointer->rsdt, false, root, notes, why);
    }
    if (size < sizeof(*pointer)) {
        return refuse_named("RSDP", why, "it is shorter than 36 bytes");
    }
    if (pointer->length < sizeof(*pointer) || pointer->length > size) {
        return refuse_named("RSDP", why, "its length is wrong");
    }
    if (!acpi_sum_good(pointer, pointer->length)) {
        return refuse_named("RSDP", why, "its checksum is wrong");
    }
    if (pointer->xsdt != 0 && (!narrow || pointer->rsdt == 0)) {
        return root_open(memory, pointer->xsdt, true, root, notes, why);
    }
    return root_open(memory, pointer->rsdt, false, root, notes, why);
}

bool acpi_find(const struct acpi_memory *memory, const struct acpi_root *root, const char signature[4],
               struct acpi_table *table, struct notes *notes, struct refusal *why) {
    *table = (struct acpi_table){.header = NULL};
    for (uint32_t i = 0; i < root->count; i++) {
        const struct acpi_header *header = root_header(memory, root, i);
        if (header == NULL || memcmp(header->signature, signature, 4) != 0) {
            continue;
        }
        if (table->header) {
            table->duplicates++;
        } else if (!table_open(memory, root_entry(root, i), signature, &table->header, notes, why)) {
            return false;
        }
    }
    return true;
}

/* True if what is left of a table is no entry: firmware has counted wrong, or filled up with zeros. */
static bool rest_is_filler(const uint8_t *rest, uint32_t size) {
    for (uint32_t i = 0; size > 1 && i < size; i++) {
        if (rest[i] != 0) {
            return false;
        }
    }
    return true;
}

bool acpi_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct notes *notes, struct refusal *why) {
    const struct acpi_header *table = cursor->table;
    if (cursor->offset >= table->length) {
        return false;
    }
    uint32_t left = table->length - cursor->offset;
    const uint8_t *rest = (const uint8_t *)table + cursor->offset;
    const struct acpi_entry_header *header = (const void *)rest;
    if (rest_is_filler(rest, left)) {
        char name[5] = "";
        memcpy(name, table->signature, 4);
        notes_add(notes, NOTE_ALONE, "ignored: ACPI table %s: what is after its last entry, bytes %u", name, left);
        cursor->offset = table->length;
        return false;
    }
    cursor->refused = true;
    if (header->length < sizeof(*header)) {
        refuse(why, "its length is below 2");
        return acpi_refuse_entry(table, cursor->index, why);
    }
    if (header->length > left) {
        refuse(why, "it reaches beyond the table's end");
        return acpi_refuse_entry(table, cursor->index, why);
    }
    cursor->refused = false;
    *entry = (struct acpi_entry){header, header->length, cursor->index, header->type};
    cursor->offset += entry->length;
    cursor->index++;
    return true;
}
