/* SPDX-License-Identifier: MIT
 *
 * Stands in for acpi_next() in the proofs of what reads lists of entries; those are compiled with that name changed to
 * prove_next. It does what prove_acpi.c proves of acpi_next() and no more: it ends, well or with a fault, or gives an
 * entry of any type and of at least two bytes that all can be read. So the proofs hold for tables of any length.
 */
#include "prove.h"

#define LENGTH_MAX 41U /* longer entries differ in nothing: no reader looks behind byte 40 */

bool prove_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct acpi_fault *fault);

static uint8_t space[LENGTH_MAX]; /* the entry is its last bytes */

bool prove_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct acpi_fault *fault) {
    uint32_t length = Frama_C_unsigned_int_interval(1, LENGTH_MAX);
    *fault = acpi_good();
    if (length == 1) {
        if (Frama_C_interval(0, 1)) {
            *fault = acpi_bad(cursor->table, cursor->index, "fault");
        }
        return false;
    }
    //@ split length;
    Frama_C_make_unknown((char *)space, LENGTH_MAX);
    entry->bytes = space + (LENGTH_MAX - length);
    entry->length = length;
    entry->index = cursor->index++;
    entry->type = *entry->bytes;
    return true;
}
