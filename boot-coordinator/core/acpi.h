/* SPDX-License-Identifier: MIT
 *
 * ACPI tables in general: the root pointer, the root table and the header that all tables share. Tables are untrusted
 * bytes: nothing here reads beyond what a length allows, and every refusal is a struct acpi_fault that names table,
 * entry and reason. Source: ACPI 6.5, sections 5.2.5 (RSDP), 5.2.6 (header), 5.2.7 (RSDT), 5.2.8 (XSDT).
 */
#ifndef R4_BOOT_ACPI_H
#define R4_BOOT_ACPI_H

#include <r4/types.h>

struct acpi_header { /* at any address: firmware does not always align its tables */
    char signature[4];
    uint32_t length; /* of the whole table, bytes */
    uint8_t revision;
    uint8_t checksum; /* all bytes of the table add up to 0 modulo 256 */
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    uint32_t creator_id;
    uint32_t creator_revision;
} __attribute__((packed));
R4_SIZE(struct acpi_header, 36);

#define ACPI_NO_ENTRY 0xffffffffU

struct acpi_fault { /* what was refused; what == null: nothing */
    const char *what;
    char table[5];  /* signature of the table concerned, zero-terminated */
    uint32_t entry; /* index of the entry concerned, from 0, or ACPI_NO_ENTRY */
};

/* How the tables' bytes are reached: at() returns a pointer to `size` bytes at physical address `base`, or null if some
 * of them cannot be reached. In the coordinator the identity map; in the tests an array. */
struct acpi_memory {
    const void *(*at)(void *context, phys_t base, uint64_t size);
    void *context;
};

struct acpi_root { /* the root table, checked */
    const uint8_t *entries;
    uint32_t count;
    uint32_t width; /* bytes of an entry: 4 in the RSDT, 8 in the XSDT */
};

struct acpi_table {
    const struct acpi_header *header; /* null: there is none; else length and checksum are good */
    uint32_t duplicates;              /* further tables with this signature: not looked at */
};

/* Checks the root pointer (`size` bytes at `rsdp`, version 1 or 2) and the root table that it names: the XSDT if there
 * is one. */
struct acpi_fault acpi_open(const struct acpi_memory *memory, const void *rsdp, size_t size, struct acpi_root *root);

/* Looks for the first table with that signature. Not finding one is no fault. Other tables are not checked. */
struct acpi_fault acpi_find(const struct acpi_memory *memory, const struct acpi_root *root, const char signature[4],
                            struct acpi_table *table);

/* True if `size` bytes add up to 0 modulo 256. */
bool acpi_sum_good(const void *bytes, size_t size);

/* Entries of the tables that are lists of (type, length) structures: MADT and SRAT. */
struct acpi_entry {
    const uint8_t *bytes;
    uint32_t length; /* all within the table, at least 2 */
    uint32_t index;  /* from 0 */
    uint8_t type;
};

struct acpi_cursor {
    const struct acpi_header *table;
    uint32_t offset; /* of the next entry */
    uint32_t index;
};

/* Moves to the next entry. Returns false at the end of the table and after a fault (then fault->what is not null). */
bool acpi_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct acpi_fault *fault);

struct acpi_fault acpi_good(void);
struct acpi_fault acpi_bad(const struct acpi_header *table, uint32_t entry, const char *what);

/* Little-endian words at any alignment. */
uint16_t acpi_read16(const uint8_t *bytes);
uint32_t acpi_read32(const uint8_t *bytes);
uint64_t acpi_read64(const uint8_t *bytes);

#endif
