/* SPDX-License-Identifier: MIT
 *
 * Reads the timer's port from the FADT. See fadt.h.
 */
#include "fadt.h"

#define FADT_SIZE_1   offsetof(struct acpi_fadt, fields_to_208) /* such a table has the old field alone */
#define FADT_PORT_MAX 0xfffcU                                   /* 32 bits are read there */

bool fadt_read(const struct acpi_header *table, uint16_t *port, struct refusal *why) {
    const struct acpi_fadt *fadt = (const void *)table;
    if (table->length < FADT_SIZE_1) {
        return acpi_refuse(table, why, "it is too short to name the PM timer");
    }
    uint64_t address = fadt->pm_timer_length == 4 ? fadt->pm_timer : 0;
    if (table->length >= sizeof(*fadt) && fadt->pm_timer_wide.address != 0) {
        if (fadt->pm_timer_wide.space != ACPI_SPACE_IO) {
            return acpi_refuse(table, why, "the PM timer is not in I/O space");
        }
        address = fadt->pm_timer_wide.address;
    }
    if (address == 0) {
        return acpi_refuse(table, why, "it names no PM timer");
    }
    if (address > FADT_PORT_MAX) {
        return acpi_refuse(table, why, "the PM timer's port is above 0xfffc");
    }
    *port = (uint16_t)address;
    return true;
}
