/* SPDX-License-Identifier: MIT
 *
 * ACPI tables as they lie in memory: the fields that R4 reads by their names, the rest as bytes. All are packed, since
 * firmware puts tables at any address and entries at any offset. A reader checks the length first, and then follows a
 * pointer at any address. Numbers are little endian. Section numbers are those of ACPI 6.5.
 */
#ifndef R4_BOOT_ACPI_TABLES_H
#define R4_BOOT_ACPI_TABLES_H

#include <r4/types.h>

#define ACPI_PACKED __attribute__((packed))

/* Root system description pointer: 5.2.5.3. Revision 0 ends before `length`. */
struct acpi_rsdp {
    char signature[8];
    uint8_t checksum; /* of the first 20 bytes */
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length; /* of all, bytes */
    uint64_t xsdt;
    uint8_t extended_checksum; /* of all */
    uint8_t reserved[3];
} ACPI_PACKED;
R4_SIZE(struct acpi_rsdp, 36);
R4_OFFSET(struct acpi_rsdp, revision, 15);
R4_OFFSET(struct acpi_rsdp, length, 20);
R4_OFFSET(struct acpi_rsdp, xsdt, 24);

/* What every table begins with: 5.2.6. */
struct acpi_header {
    char signature[4];
    uint32_t length; /* of the whole table, bytes */
    uint8_t revision;
    uint8_t checksum; /* all bytes of the table add up to 0 modulo 256 */
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    uint32_t creator_id;
    uint32_t creator_revision;
} ACPI_PACKED;
R4_SIZE(struct acpi_header, 36);

/* Entries of the root table: 5.2.7 (RSDT), 5.2.8 (XSDT). */
struct acpi_rsdt_entry {
    uint32_t table;
} ACPI_PACKED;
R4_SIZE(struct acpi_rsdt_entry, 4);

struct acpi_xsdt_entry {
    uint64_t table;
} ACPI_PACKED;
R4_SIZE(struct acpi_xsdt_entry, 8);

/* What every entry of a MADT and of an SRAT begins with: 5.2.12, 5.2.16. */
struct acpi_entry_header {
    uint8_t type;
    uint8_t length; /* of the entry, bytes */
} ACPI_PACKED;
R4_SIZE(struct acpi_entry_header, 2);

/* An address in some address space: 5.2.3.2. */
struct acpi_address {
    uint8_t space;
    uint8_t bit_width;
    uint8_t bit_offset;
    uint8_t access_size;
    uint64_t address;
} ACPI_PACKED;
R4_SIZE(struct acpi_address, 12);

enum { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1 };

/* --- FADT: 5.2.9 --- */

struct acpi_fadt {
    struct acpi_header header;
    uint8_t fields_to_76[40];
    uint32_t pm_timer; /* PM_TMR_BLK: I/O port */
    uint8_t fields_to_91[11];
    uint8_t pm_timer_length; /* PM_TMR_LEN: 4, or 0 if there is no timer */
    uint8_t fields_to_208[116];
    struct acpi_address pm_timer_wide; /* X_PM_TMR_BLK; ACPI 1.0 has none */
} ACPI_PACKED;
R4_SIZE(struct acpi_fadt, 220);
R4_OFFSET(struct acpi_fadt, pm_timer, 76);
R4_OFFSET(struct acpi_fadt, pm_timer_length, 91);
R4_OFFSET(struct acpi_fadt, pm_timer_wide, 208);

/* --- HPET: IA-PC HPET specification 1.0a, 3.2.4 --- */

struct acpi_hpet {
    struct acpi_header header;
    uint32_t block_id;
    struct acpi_address registers;
    uint8_t number;
    uint16_t minimum_tick;
    uint8_t protection;
} ACPI_PACKED;
R4_SIZE(struct acpi_hpet, 56);
R4_OFFSET(struct acpi_hpet, registers, 40);

/* --- MADT: 5.2.12 --- */

struct acpi_madt {
    struct acpi_header header;
    uint32_t apic; /* address of the local APICs' registers */
    uint32_t flags;
} ACPI_PACKED; /* entries follow */
R4_SIZE(struct acpi_madt, 44);

enum { /* types of entries */
       ACPI_MADT_LOCAL_APIC = 0,
       ACPI_MADT_IO_APIC = 1,
       ACPI_MADT_ADDRESS = 5,
       ACPI_MADT_LOCAL_X2APIC = 9
};

enum { ACPI_MADT_ENABLED = 1, ACPI_MADT_ONLINE_CAPABLE = 2 }; /* flags of processors */

struct acpi_madt_local_apic { /* 5.2.12.2 */
    struct acpi_entry_header entry;
    uint8_t processor_uid;
    uint8_t apic_id;
    uint32_t flags;
} ACPI_PACKED;
R4_SIZE(struct acpi_madt_local_apic, 8);
R4_OFFSET(struct acpi_madt_local_apic, flags, 4);

struct acpi_madt_io_apic { /* 5.2.12.3 */
    struct acpi_entry_header entry;
    uint8_t id;
    uint8_t reserved;
    uint32_t base;
    uint32_t first_line; /* global system interrupt of its first line */
} ACPI_PACKED;
R4_SIZE(struct acpi_madt_io_apic, 12);
R4_OFFSET(struct acpi_madt_io_apic, base, 4);

struct acpi_madt_address { /* 5.2.12.8: local APIC address override */
    struct acpi_entry_header entry;
    uint16_t reserved;
    uint64_t apic;
} ACPI_PACKED;
R4_SIZE(struct acpi_madt_address, 12);
R4_OFFSET(struct acpi_madt_address, apic, 4);

struct acpi_madt_local_x2apic { /* 5.2.12.12 */
    struct acpi_entry_header entry;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t processor_uid;
} ACPI_PACKED;
R4_SIZE(struct acpi_madt_local_x2apic, 16);
R4_OFFSET(struct acpi_madt_local_x2apic, apic_id, 4);
R4_OFFSET(struct acpi_madt_local_x2apic, flags, 8);

/* --- SRAT: 5.2.16 --- */

struct acpi_srat {
    struct acpi_header header;
    uint32_t reserved_1; /* 1 */
    uint64_t reserved_0;
} ACPI_PACKED; /* entries follow */
R4_SIZE(struct acpi_srat, 48);

enum { ACPI_SRAT_LOCAL_APIC = 0, ACPI_SRAT_MEMORY = 1, ACPI_SRAT_LOCAL_X2APIC = 2 }; /* types of entries */
enum { ACPI_SRAT_ENABLED = 1 };                                                      /* flag of all three */

struct acpi_srat_local_apic { /* 5.2.16.1 */
    struct acpi_entry_header entry;
    uint8_t domain_low;
    uint8_t apic_id;
    uint32_t flags;
    uint8_t local_sapic_eid;
    uint8_t domain_high[3]; /* from revision 2 on: bits 8 to 31 */
    uint32_t clock_domain;
} ACPI_PACKED;
R4_SIZE(struct acpi_srat_local_apic, 16);
R4_OFFSET(struct acpi_srat_local_apic, flags, 4);
R4_OFFSET(struct acpi_srat_local_apic, domain_high, 9);

struct acpi_srat_memory { /* 5.2.16.2 */
    struct acpi_entry_header entry;
    uint32_t domain; /* in revision 1 the first byte alone */
    uint16_t reserved_6;
    uint64_t base;
    uint64_t size;
    uint32_t reserved_24;
    uint32_t flags;
    uint64_t reserved_32;
} ACPI_PACKED;
R4_SIZE(struct acpi_srat_memory, 40);
R4_OFFSET(struct acpi_srat_memory, base, 8);
R4_OFFSET(struct acpi_srat_memory, size, 16);
R4_OFFSET(struct acpi_srat_memory, flags, 28);

struct acpi_srat_local_x2apic { /* 5.2.16.3 */
    struct acpi_entry_header entry;
    uint16_t reserved_2;
    uint32_t domain;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t clock_domain;
    uint32_t reserved_20;
} ACPI_PACKED;
R4_SIZE(struct acpi_srat_local_x2apic, 24);
R4_OFFSET(struct acpi_srat_local_x2apic, domain, 4);
R4_OFFSET(struct acpi_srat_local_x2apic, apic_id, 8);
R4_OFFSET(struct acpi_srat_local_x2apic, flags, 12);

/* --- SLIT: 5.2.17 --- */

struct acpi_slit {
    struct acpi_header header;
    uint64_t count;
    uint8_t distances[]; /* count rows of count bytes */
} ACPI_PACKED;
R4_SIZE(struct acpi_slit, 44);
R4_OFFSET(struct acpi_slit, distances, 44);

#endif
