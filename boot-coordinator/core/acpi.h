/* SPDX-License-Identifier: MIT
 *
 * ACPI tables in general: root pointer, root table, and the lists of entries that some tables are. Tables are untrusted
 * bytes: nothing here reads beyond what a length allows. Every refusal names table, entry and reason. What real
 * firmware gets wrong without harm is no refusal, but a note. Source: ACPI 6.5, sections 5.2.5 (RSDP), 5.2.6 (header),
 * 5.2.7 (RSDT), 5.2.8 (XSDT).
 */
#ifndef R4_BOOT_ACPI_H
#define R4_BOOT_ACPI_H

#include "acpi_tables.h"
#include "notes.h"

/* How the tables' bytes are reached: at() returns a pointer to `size` bytes at physical address `base`, or null if some
 * of them cannot be reached. In the coordinator this is the identity map, in the tests an array. */
struct acpi_memory {
    const void *(*at)(void *context, phys_t base, uint64_t size);
    void *context;
};

struct acpi_root {       /* the root table, checked */
    const void *entries; /* struct acpi_xsdt_entry if it is wide, else struct acpi_rsdt_entry */
    uint32_t count;
    bool is_wide; /* the XSDT */
};

struct acpi_table {
    const struct acpi_header *header; /* null: there is none; else its length is good; a wrong checksum is noted */
    uint32_t duplicates;              /* further tables with this signature: not looked at */
};

/* Checks the root pointer (`size` bytes at `rsdp`, version 1 or 2) and the root table that it names: the XSDT if there
 * is one, the RSDT if `narrow` asks for that and the pointer has its address. Noted: a wrong checksum
 * of the root table, entries of it that cannot be reached. */
bool acpi_open(const struct acpi_memory *memory, const void *rsdp, size_t size, bool narrow, struct acpi_root *root,
               struct notes *notes, struct refusal *why);

/* Looks for the first table with that signature. True if there is none, too. Other tables are not checked. On a refusal
 * table->header is null. A wrong checksum is noted. */
bool acpi_find(const struct acpi_memory *memory, const struct acpi_root *root, const char signature[4],
               struct acpi_table *table, struct notes *notes, struct refusal *why);

/* True if `size` bytes add up to 0 modulo 256. */
bool acpi_sum_good(const void *bytes, size_t size);

/* An entry of a table that is a list of entries: MADT and SRAT. */
struct acpi_entry {
    const void *bytes;
    uint32_t length; /* all within the table, at least 2 */
    uint32_t index;  /* from 0 */
    uint8_t type;
};

struct acpi_cursor {
    const struct acpi_header *table;
    uint32_t offset; /* of the next entry */
    uint32_t index;
    bool refused; /* by acpi_next() */
};

/* Moves to the next entry. Returns false at the end of the table and after a refusal; cursor->refused tells which. The
 * end is where the table ends, or where only a single byte or zeros follow: that is noted, for the caller's table. */
bool acpi_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct notes *notes, struct refusal *why);

/* Refuses a table. Returns false. */
bool acpi_refuse(const struct acpi_header *table, struct refusal *why, const char *text);

/* Puts table and entry in front of the reason that is there. Returns false. */
bool acpi_refuse_entry(const struct acpi_header *table, uint32_t index, struct refusal *why);

#endif
