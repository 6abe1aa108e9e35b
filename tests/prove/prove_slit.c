/* SPDX-License-Identifier: MIT
 *
 * slit_read, slit_distance: every SLIT of 36 to LENGTH_MAX bytes: up to five domains, and all counts that do not fit.
 */
#include "core/slit.h"
#include "prove.h"

#define LENGTH_MAX 72U
#define COUNT      36U /* offset of the count, eight bytes */
#define COUNT_MAX  5U  /* more do not fit into LENGTH_MAX */

/* Writes a count: `kind` itself up to COUNT_MAX, then any above it with one byte that is not zero, with two, … */
static void count_write(uint8_t *bytes, uint32_t kind) {
    for (uint32_t i = 0; i < 8; i++) {
        if (kind <= COUNT_MAX) {
            bytes[i] = (uint8_t)(i == 0 ? kind : 0);
        } else if (i > kind - COUNT_MAX - 1) {
            bytes[i] = 0;
        } else if (i == kind - COUNT_MAX - 1) {
            bytes[i] = (uint8_t)Frama_C_unsigned_int_interval(i == 0 ? COUNT_MAX + 1 : 1, UINT8_MAX);
        }
    }
}

static void slit_try(uint32_t length, uint32_t kind) {
    struct slit slit;
    struct refusal why;
    uint8_t *bytes = prove_bytes(length);
    struct acpi_header *table = (struct acpi_header *)(void *)bytes;
    table->length = length;
    if (length >= COUNT + 8) {
        count_write(bytes + COUNT, kind);
    }
    if (slit_read(table, &slit, NULL, &why)) {
        slit_distance(&slit, Frama_C_unsigned_int_interval(0, UINT32_MAX),
                      Frama_C_unsigned_int_interval(0, UINT32_MAX));
    }
    free(bytes);
}

void main(void) {
    for (uint32_t length = sizeof(struct acpi_header); length <= LENGTH_MAX; length++) {
        for (uint32_t kind = 0; kind <= COUNT_MAX + 8; kind++) {
            slit_try(length, kind);
        }
    }
}
