/* SPDX-License-Identifier: MIT
 *
 * Reads the timer's port from the FADT. See fadt.h.
 */
#include "fadt.h"

#define FADT_PM_TMR_BLK   76U /* offsets in the table */
#define FADT_PM_TMR_LEN   91U
#define FADT_X_PM_TMR_BLK 208U
#define FADT_X_PM_TMR_END 220U
#define FADT_SPACE_IO     1U /* address space of a generic address: system I/O (section 5.2.3.2) */

struct acpi_fault fadt_read(const struct acpi_header *table, uint16_t *port) {
    const uint8_t *bytes = (const uint8_t *)table;
    if (table->length <= FADT_PM_TMR_LEN) {
        return acpi_bad(table, ACPI_NO_ENTRY, "it is too short to name the PM timer");
    }
    uint64_t address = acpi_read32(bytes + FADT_PM_TMR_BLK);
    if (bytes[FADT_PM_TMR_LEN] != 4) {
        address = 0;
    }
    if (table->length >= FADT_X_PM_TMR_END) {
        const uint8_t *generic = bytes + FADT_X_PM_TMR_BLK;
        uint64_t wide = acpi_read64(generic + 4);
        if (wide != 0 && generic[0] != FADT_SPACE_IO) {
            return acpi_bad(table, ACPI_NO_ENTRY, "the PM timer is not in I/O space");
        }
        if (wide != 0) {
            address = wide;
        }
    }
    if (address == 0) {
        return acpi_bad(table, ACPI_NO_ENTRY, "it names no PM timer");
    }
    if (address > 0xfffc) {
        return acpi_bad(table, ACPI_NO_ENTRY, "the PM timer's port is above 0xfffc");
    }
    *port = (uint16_t)address;
    return acpi_good();
}
