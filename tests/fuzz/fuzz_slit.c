/* SPDX-License-Identifier: MIT
 *
 * slit_read, slit_distance: input = a SLIT.
 */
#include "core/slit.h"
#include "fuzz.h"

static void distances_check(const struct slit *slit, const struct acpi_header *table) {
    FUZZ_CHECK(slit->count != 0 && table->length >= 44 + slit->count * slit->count);
    for (uint32_t from = 0; from <= slit->count; from++) {
        for (uint32_t to = 0; to <= slit->count; to++) {
            uint32_t distance = slit_distance(slit, from, to);
            bool known = from < slit->count && to < slit->count;
            FUZZ_CHECK(known ? distance >= SLIT_LOCAL && distance <= 255 : distance == 0);
            FUZZ_CHECK(!known || from != to || distance == SLIT_LOCAL);
        }
    }
    FUZZ_CHECK(slit_distance(slit, UINT32_MAX, 0) == 0 && slit_distance(slit, 0, UINT32_MAX) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slit slit;
    struct refusal why;
    struct acpi_header *table = fuzz_table(data, size);
    if (table != NULL && fuzz_table_good(slit_read(table, &slit, fuzz_notes(), &why), table, &why)) {
        distances_check(&slit, table);
    }
    free(table);
    return 0;
}
