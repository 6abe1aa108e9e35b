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
    uint32_t base = fuzz_read32(entry + 4);
    FUZZ_CHECK(base == 0 || base % 256 != 0 || (io_apic != NULL && io_apic->id == entry[2]));
}

static bool entries_end(const uint8_t *bytes, uint32_t at) {
    return fuzz_entries_end(bytes, at, fuzz_read32(bytes + 4));
}

static bool has_local_apics(const uint8_t *bytes) {
    for (uint32_t at = 44; !entries_end(bytes, at); at += bytes[at + 1]) {
        if (bytes[at] == 0 && bytes[at + 3] != 255 && (bytes[at + 4] & 1)) {
            return true;
        }
    }
    return false;
}

/* Each processor that an entry names is there, and enabled if that entry enables it; but for those that are ignored.
 * Each I/O APIC at a good address is there, with its id. */
static void entries_expect(const uint8_t *bytes) {
    bool local = has_local_apics(bytes);
    for (uint32_t at = 44; !entries_end(bytes, at); at += bytes[at + 1]) {
        const uint8_t *entry = bytes + at;
        if (entry[0] == 0 && entry[3] != 255) {
            core_expect(entry[3], fuzz_read32(entry + 4));
        } else if (entry[0] == 9 && (!local || fuzz_read32(entry + 4) >= 255)) {
            core_expect(fuzz_read32(entry + 4), fuzz_read32(entry + 8));
        } else if (entry[0] == 1) {
            io_apic_expect(entry);
        }
    }
}

/* An entry names it as the list has it. */
static bool core_named(const uint8_t *bytes, const struct madt_core *core) {
    for (uint32_t at = 44; !entries_end(bytes, at); at += bytes[at + 1]) {
        const uint8_t *entry = bytes + at;
        bool narrow = entry[0] == 0 && entry[3] == core->apic_id && (!core->enabled || (entry[4] & 1));
        bool wide = entry[0] == 9 && fuzz_read32(entry + 4) == core->apic_id && (!core->enabled || (entry[8] & 1));
        if (narrow || wide) {
            return true;
        }
    }
    return false;
}

static bool io_apic_named(const uint8_t *bytes, const struct madt_io_apic *io_apic) {
    for (uint32_t at = 44; !entries_end(bytes, at); at += bytes[at + 1]) {
        const uint8_t *entry = bytes + at;
        if (entry[0] == 1 && entry[2] == io_apic->id && fuzz_read32(entry + 4) == io_apic->base &&
            fuzz_read32(entry + 8) == io_apic->first_line) {
            return true;
        }
    }
    return false;
}

static void lists_check(const uint8_t *bytes) {
    FUZZ_CHECK(madt.core_count >= 1 && madt.core_count <= MADT_CORES_MAX && madt.io_apic_count <= R4_MAX_IO_APICS);
    for (uint32_t i = 0; i < madt.core_count; i++) {
        FUZZ_CHECK(madt_find(&madt, madt.cores[i].apic_id) == &madt.cores[i]);
        FUZZ_CHECK(!madt.cores[i].enabled || !madt.cores[i].online_capable);
        FUZZ_CHECK(core_named(bytes, &madt.cores[i]));
    }
    for (uint32_t i = 0; i < madt.io_apic_count; i++) {
        FUZZ_CHECK(madt_find_io_apic(&madt, madt.io_apics[i].id) == &madt.io_apics[i]);
        FUZZ_CHECK(madt.io_apics[i].base != 0 && is_aligned(madt.io_apics[i].base, 256));
        FUZZ_CHECK(io_apic_named(bytes, &madt.io_apics[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct refusal why;
    struct acpi_header *table = fuzz_table(data, size);
    if (table != NULL && fuzz_table_good(madt_read(table, &madt, fuzz_notes(), &why), table, &why)) {
        entries_expect((const uint8_t *)table);
        lists_check((const uint8_t *)table);
    }
    free(table);
    return 0;
}
