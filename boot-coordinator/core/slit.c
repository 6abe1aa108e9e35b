/* SPDX-License-Identifier: MIT
 *
 * Reads the SLIT. See slit.h.
 */
#include "slit.h"

#define SLIT_HEADER_SIZE 44U
#define SLIT_COUNT       36U  /* offset in the table */
#define SLIT_COUNT_MAX   4096 /* count * count is then below ACPI's longest table */

struct acpi_fault slit_read(const struct acpi_header *table, struct slit *slit) {
    if (table->length < SLIT_HEADER_SIZE) {
        return acpi_bad(table, ACPI_NO_ENTRY, "it is shorter than 44 bytes");
    }
    uint64_t count = acpi_read64((const uint8_t *)table + SLIT_COUNT);
    if (count == 0 || count > SLIT_COUNT_MAX) {
        return acpi_bad(table, ACPI_NO_ENTRY, "its number of domains is 0 or above 4096");
    }
    if (table->length != SLIT_HEADER_SIZE + count * count) {
        return acpi_bad(table, ACPI_NO_ENTRY, "its length does not fit its number of domains");
    }
    slit->count = (uint32_t)count;
    slit->distances = (const uint8_t *)table + SLIT_HEADER_SIZE;
    for (uint32_t i = 0; i < count * count; i++) {
        bool own = i / slit->count == i % slit->count;
        if (own && slit->distances[i] != SLIT_LOCAL) {
            return acpi_bad(table, i, "the distance of a domain to itself is not 10");
        }
        if (slit->distances[i] < SLIT_LOCAL) {
            return acpi_bad(table, i, "a distance is below 10");
        }
    }
    return acpi_good();
}

uint32_t slit_distance(const struct slit *slit, uint32_t from, uint32_t to) {
    if (from >= slit->count || to >= slit->count) {
        return 0;
    }
    return slit->distances[(size_t)from * slit->count + to];
}
