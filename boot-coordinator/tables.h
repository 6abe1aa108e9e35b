/* SPDX-License-Identifier: MIT
 *
 * Finds and reads the ACPI tables.
 */
#ifndef R4_BOOT_TABLES_H
#define R4_BOOT_TABLES_H

#include "boot.h"

/* Reads MADT and FADT, and stops the boot if one is missing or refused; SRAT and SLIT, each of which counts as missing
 * if it is refused. Prints what was refused, and what the tables list that does not exist. Needs modules_take(). */
void tables_read(struct boot *boot);

#endif
