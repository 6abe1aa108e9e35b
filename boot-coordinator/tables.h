/* SPDX-License-Identifier: MIT
 *
 * Finds and reads the ACPI tables.
 */
#ifndef R4_BOOT_TABLES_H
#define R4_BOOT_TABLES_H

#include "boot.h"

/* Reads the MADT, and stops the boot if that is missing or refused; then the others, each of which counts as missing if
 * it is refused. Prints what was refused, what is odd, and what the tables list that does not exist. Needs
 * modules_take(). */
void tables_read(struct boot *boot);

/* Prints notes that have been ended, a line for each. */
void tables_print_notes(const struct notes *notes);

#endif
