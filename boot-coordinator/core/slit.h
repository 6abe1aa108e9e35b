/* SPDX-License-Identifier: MIT
 *
 * SLIT: distances between proximity domains. Source: ACPI 6.5, section 5.2.17. 10 is the distance to oneself, 255
 * unreachable. Bytes after the matrix are ignored, with a note.
 */
#ifndef R4_BOOT_SLIT_H
#define R4_BOOT_SLIT_H

#include "acpi.h"

#define SLIT_LOCAL 10U

struct slit {
    uint32_t count;           /* domains 0 .. count - 1 */
    const uint8_t *distances; /* count * count, in the table */
};

/* Reads a table whose length is good. On a refusal *slit is not to be used. An entry is an element of the matrix,
 * counted from 0. */
bool slit_read(const struct acpi_header *table, struct slit *slit, struct notes *notes, struct refusal *why);

/* The distance, or 0 if the table does not know one of the domains. */
uint32_t slit_distance(const struct slit *slit, uint32_t from, uint32_t to);

#endif
