/* SPDX-License-Identifier: MIT
 *
 * HPET: where the registers of the high precision event timer are. Source: IA-PC HPET specification 1.0a, section
 * 3.2.4.
 */
#ifndef R4_BOOT_HPET_H
#define R4_BOOT_HPET_H

#include "acpi.h"

/* Reads a table whose length is good: *base is the address of the timer's registers, 1 KiB of them. */
bool hpet_read(const struct acpi_header *table, phys_t *base, struct refusal *why);

#endif
