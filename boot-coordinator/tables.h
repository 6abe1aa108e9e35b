/* SPDX-License-Identifier: MIT
 *
 * Finds and reads the ACPI tables, and holds the layout against them.
 */
#ifndef R4_BOOT_TABLES_H
#define R4_BOOT_TABLES_H

#include "boot.h"

/* Reads MADT, FADT, and SRAT and SLIT if they are there. Stops the boot on a table that is refused. */
void tables_read(struct boot *boot);

/* Stops the boot if the layout contradicts the tables; warns of what the machine has and the layout does not name. */
void tables_check_layout(struct boot *boot);

#endif
