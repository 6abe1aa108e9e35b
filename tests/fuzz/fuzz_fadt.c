/* SPDX-License-Identifier: MIT
 *
 * fadt_read: input = an FADT.
 */
#include "core/fadt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint16_t port = 0;
    struct refusal why;
    struct acpi_header *table = fuzz_table(data, size);
    if (table != NULL && fuzz_table_good(fadt_read(table, &port, &why), table, &why)) {
        FUZZ_CHECK(port != 0 && port <= 0xfffc); /* 32 bits are read there */
    }
    free(table);
    return 0;
}
