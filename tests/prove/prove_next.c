/* SPDX-License-Identifier: MIT
 *
 * acpi_next: every position in a table of any bytes, at least as far from its end as an entry can be long. Proves what
 * entries.c assumes, too: an entry has at least two bytes, all within the table, at the cursor's place.
 */
#include "prove.h"

#define LENGTH 300U

static void next_try(struct acpi_header *table, uint32_t offset) {
    struct acpi_cursor cursor = {.table = table, .offset = offset};
    struct acpi_entry entry;
    struct refusal why;
    cursor.index = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    if (acpi_next(&cursor, &entry, NULL, &why)) {
        //@ assert entry.length >= 2 && entry.length <= LENGTH - offset;
        //@ assert (uint8_t *)entry.bytes == (uint8_t *)table + offset;
        //@ assert \valid_read((uint8_t *)entry.bytes + (0 .. entry.length - 1));
        //@ assert !cursor.refused;
    }
}

void main(void) {
    for (uint32_t offset = sizeof(struct acpi_header); offset <= LENGTH + 1; offset++) {
        uint8_t *bytes = prove_bytes(LENGTH);
        struct acpi_header *table = (struct acpi_header *)(void *)bytes;
        table->length = LENGTH;
        next_try(table, offset);
        free(bytes);
    }
}
