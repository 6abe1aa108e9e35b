/* SPDX-License-Identifier: MIT
 *
 * FADT ("FACP"): only the port of the power management timer. Source: ACPI 6.5, sections 5.2.9 and 4.8.3.3.
 */
#ifndef R4_BOOT_FADT_H
#define R4_BOOT_FADT_H

#include "acpi.h"

#define FADT_TIMER_HZ   3579545U
#define FADT_TIMER_MASK 0xffffffU /* 24 bits count on every machine, 32 only on some */

/* Reads a table whose length and checksum are good: *port is the I/O port of the timer. Without a timer the table is
 * refused. */
bool fadt_read(const struct acpi_header *table, uint16_t *port, struct refusal *why);

#endif
