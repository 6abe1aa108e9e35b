/* SPDX-License-Identifier: MIT
 *
 * Reads the HPET's address. See hpet.h.
 */
#include "hpet.h"

#define HPET_UNIT 1024U /* registers begin at a multiple of that */

bool hpet_read(const struct acpi_header *table, phys_t *base, struct refusal *why) {
    const struct acpi_hpet *hpet = (const void *)table;
    if (table->length < sizeof(*hpet)) {
        return acpi_refuse(table, why, "it is shorter than 56 bytes");
    }
    if (hpet->registers.space != ACPI_SPACE_MEMORY) {
        return acpi_refuse(table, why, "its registers are not in memory");
    }
    if (hpet->registers.address == 0 || !is_aligned(hpet->registers.address, HPET_UNIT)) {
        return acpi_refuse(table, why, "its registers' address is 0 or no multiple of 1024");
    }
    *base = hpet->registers.address;
    return true;
}
