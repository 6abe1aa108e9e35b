/* SPDX-License-Identifier: MIT
 *
 * Reads the SLIT. See slit.h.
 */
#include "slit.h"

#define SLIT_COUNT_MAX 4096U /* count * count is then below ACPI's longest table */

static bool distances_check(const struct slit *slit, uint32_t *entry, struct refusal *why) {
    for (uint32_t i = 0; i < slit->count * slit->count; i++) {
        bool is_own = i / slit->count == i % slit->count;
        *entry = i;
        if (is_own && slit->distances[i] != SLIT_LOCAL) {
            return refuse(why, "the distance of a domain to itself is not %u", SLIT_LOCAL);
        }
        if (slit->distances[i] < SLIT_LOCAL) {
            return refuse(why, "a distance is below %u", SLIT_LOCAL);
        }
    }
    return true;
}

bool slit_read(const struct acpi_header *table, struct slit *slit, struct notes *notes, struct refusal *why) {
    const struct acpi_slit *matrix = (const void *)table;
    uint32_t entry = 0;
    if (table->length < sizeof(*matrix)) {
        return acpi_refuse(table, why, "it is shorter than 44 bytes");
    }
    uint64_t count = matrix->count;
    if (count == 0 || count > SLIT_COUNT_MAX) {
        return acpi_refuse(table, why, "its number of domains is 0 or above 4096");
    }
    uint64_t size = sizeof(*matrix) + count * count;
    if (table->length < size) {
        return acpi_refuse(table, why, "its length does not fit its number of domains");
    }
    if (table->length > size) {
        notes_add(notes, NOTE_ALONE, "ignored: ACPI table SLIT: what is after the distances of its domains, bytes %lu",
                  table->length - size);
    }
    *slit = (struct slit){.count = (uint32_t)count, .distances = matrix->distances};
    return distances_check(slit, &entry, why) || acpi_refuse_entry(table, entry, why);
}

uint32_t slit_distance(const struct slit *slit, uint32_t from, uint32_t to) {
    if (from >= slit->count || to >= slit->count) {
        return 0;
    }
    return slit->distances[(size_t)from * slit->count + to];
}
