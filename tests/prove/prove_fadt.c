/* SPDX-License-Identifier: MIT
 *
 * fadt_read: every FADT of 36 to LENGTH_MAX bytes; it looks at nothing beyond byte 220.
 */
#include "core/fadt.h"
#include "prove.h"

#define LENGTH_MAX 224U

void main(void) {
    for (uint32_t length = sizeof(struct acpi_header); length <= LENGTH_MAX; length++) {
        uint16_t port = 0;
        struct refusal why;
        uint8_t *bytes = prove_bytes(length);
        struct acpi_header *table = (struct acpi_header *)(void *)bytes;
        table->length = length;
        fadt_read(table, &port, &why);
        free(bytes);
    }
}
