/* SPDX-License-Identifier: MIT
 *
 * Replaces acpi_next() in the proofs of the readers of lists of entries, which are compiled with that name changed to
 * prove_next. It does what prove_next.c proves of acpi_next() and no more: it ends, well or with a refusal, or gives an
 * entry of any type and of at least two bytes, all of which can be read. So the proofs are good for tables of any
 * length.
 */
#include "prove.h"

#define LENGTH_MAX 41U /* a longer entry makes no difference: no reader looks beyond byte 40 */

bool prove_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct notes *notes, struct refusal *why);

static uint8_t space[LENGTH_MAX]; /* the entry is its last bytes */

bool prove_next(struct acpi_cursor *cursor, struct acpi_entry *entry, struct notes *notes, struct refusal *why) {
    (void)notes;
    uint32_t length = Frama_C_unsigned_int_interval(1, LENGTH_MAX);
    if (length == 1) {
        cursor->refused = Frama_C_interval(0, 1);
        return cursor->refused ? refuse(why, "refused") : false;
    }
    //@ split length;
    Frama_C_make_unknown((char *)space, LENGTH_MAX);
    entry->bytes = space + (LENGTH_MAX - length);
    entry->length = length;
    entry->index = cursor->index++;
    entry->type = space[LENGTH_MAX - length];
    return true;
}
