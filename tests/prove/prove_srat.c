/* SPDX-License-Identifier: MIT
 *
 * srat_read, srat_find: every SRAT, whatever its entries.
 */
#include "core/srat.h"
#include "prove.h"

static struct srat srat;
static uint8_t table[48]; /* what is before the entries; a table that ends earlier says so */

void main(void) {
    //@ PROVE_LIMITS;
    Frama_C_make_unknown((char *)table, sizeof(table));
    struct refusal why;
    if (srat_read((const struct acpi_header *)(const void *)table, &srat, NULL, &why)) {
        srat_find(&srat, Frama_C_unsigned_int_interval(0, UINT32_MAX));
    }
}
