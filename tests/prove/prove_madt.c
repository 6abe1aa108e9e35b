/* SPDX-License-Identifier: MIT
 *
 * madt_read, madt_find: every MADT, whatever its entries.
 */
#include "core/madt.h"
#include "prove.h"

static struct madt madt;
static uint8_t table[44]; /* what is before the entries; a table that ends earlier says so */

void main(void) {
    //@ PROVE_LIMITS;
    Frama_C_make_unknown((char *)table, sizeof(table));
    struct refusal why;
    if (madt_read((const struct acpi_header *)(const void *)table, &madt, NULL, &why)) {
        madt_find(&madt, Frama_C_unsigned_int_interval(0, UINT32_MAX));
    }
}
