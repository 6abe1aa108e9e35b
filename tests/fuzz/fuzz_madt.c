/* SPDX-License-Identifier: MIT
 *
 * madt_read: input = a MADT. Compared with a second, simpler walk over the same entries.
 */
#include "core/madt.h"
#include "fuzz.h"

static struct madt madt;

static void core_expect(uint32_t apic_id, uint32_t flags) {
    const struct madt_core *core = madt_find(&madt, apic_id);
    FUZZ_CHECK(core != NULL && core->apic_id == apic_id);
    FUZZ_CHECK(core->enabled || !(flags & 1));
}

static void io_apic_expect(const uint8_t *entry) {
    const struct madt_io_apic *io_apic = madt_find_io_apic(&madt, entry[2]);
    FUZZ_CHECK(io_apic != NULL && io_apic->id == entry[2] && io_apic->base == fuzz_read32(entry + 4));
    FUZZ_CHECK(io_apic->first_line == fuzz_read32(entry + 8) && is_aligned(io_apic->base, 256));
}

/* Each processor that an entry names is there, and enabled if that entry enables it. Returns how many it enables. Each
 * I/O APIC is there, as its one entry says. */
static uint32_t entries_expect(const uint8_t *bytes, uint32_t size) {
    uint32_t enabled = 0;
    uint32_t io_apics = 0;
    for (uint32_t at = 44; at < size; at += bytes[at + 1]) {
        const uint8_t *entry = bytes + at;
        if (entry[0] == 0) {
            core_expect(entry[3], fuzz_read32(entry + 4));
            enabled += entry[4] & 1;
        } else if (entry[0] == 9) {
            core_expect(fuzz_read32(entry + 4), fuzz_read32(entry + 8));
            enabled += entry[8] & 1;
        } else if (entry[0] == 1) {
            io_apic_expect(entry);
            io_apics++;
        }
    }
    FUZZ_CHECK(io_apics == madt.io_apic_count && io_apics <= R4_MAX_IO_APICS);
    return enabled;
}

static void cores_check(uint32_t enabled) {
    FUZZ_CHECK(madt.core_count >= 1 && madt.core_count <= MADT_CORES_MAX);
    for (uint32_t i = 0; i < madt.core_count; i++) {
        FUZZ_CHECK(madt_find(&madt, madt.cores[i].apic_id) == &madt.cores[i]);
        FUZZ_CHECK(!madt.cores[i].enabled || !madt.cores[i].online_capable);
        enabled -= madt.cores[i].enabled;
    }
    FUZZ_CHECK(enabled == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct refusal why;
    struct acpi_header *table = fuzz_table(data, size);
    if (table != NULL && fuzz_table_good(madt_read(table, &madt, &why), table, &why)) {
        cores_check(entries_expect((const uint8_t *)table, table->length));
    }
    free(table);
    return 0;
}
