/* SPDX-License-Identifier: MIT
 *
 * All tables of one machine together: each may be missing or wrong, and is noted in the order in which it was read.
 */
#include "acpi_fixture.h"
#include "core/firmware.h"
#include "suite.h"

#define TABLE_STEP 0x1000U /* tables are at its multiples: the root table first */

static const char *const names[] = {"rsdt", "madt", "srat", "fadt", "slit", "hpet"};
static struct acpi_header *tables[R4_COUNT(names)];
static struct firmware firmware;
static struct ranges ram;

static const void *table_at(void *context, phys_t base, uint64_t size) {
    (void)context;
    uint64_t index = base / TABLE_STEP - 1;
    bool inside = base % TABLE_STEP == 0 && index < R4_COUNT(tables) && size <= tables[index]->length;
    return inside ? tables[index] : NULL;
}

static void machine_make(void) {
    for (uint32_t i = 0; i < R4_COUNT(names); i++) {
        tables[i] = fixture_load(names[i]);
    }
    uint32_t places[] = {2 * TABLE_STEP, 3 * TABLE_STEP, 4 * TABLE_STEP, 5 * TABLE_STEP, 6 * TABLE_STEP};
    tables[0] = fixture_extend(fixture_cut(tables[0], sizeof(struct acpi_header)), places, sizeof(places));
    ram = (struct ranges){1, {{0x100000, 0x50000000}}};
}

static bool read(void) {
    static const struct acpi_memory memory = {.at = table_at};
    struct acpi_rsdp rsdp = {.signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '}, .rsdt = TABLE_STEP};
    const uint8_t *bytes = (const uint8_t *)&rsdp;
    for (uint32_t i = 0; i < 20; i++) {
        rsdp.checksum = (uint8_t)(rsdp.checksum - (i == 8 ? 0 : bytes[i]));
    }
    struct firmware_source source = {.memory = &memory, .rsdp = &rsdp, .rsdp_size = 20, .ram = &ram};
    return firmware_read(&source, &firmware, &why);
}

static void expect_notes(uint32_t count, const char *const *lines) {
    ck_assert_msg(read(), "%s", why.text);
    for (uint32_t i = 0; i < firmware.notes.count && i < count; i++) {
        ck_assert_str_eq(firmware.notes.list[i].line.text, lines[i]);
    }
    ck_assert_uint_eq(firmware.notes.count, count);
}

/* The fixture's tables are of different machines: cores and memory that are not there, one line for each kind. */
static const char *const absent[] = {
    "ignored: the SRAT lists a core with APIC id 4, which the MADT does not enable",
    "ignored: the SRAT lists memory 0x0000000100000000-0x0000000140000000 of domain 1, where there is no RAM",
};

START_TEST(test_all) {
    machine_make();
    ram.list[0].base = 0;
    expect_notes(R4_COUNT(absent), absent);
    ck_assert(firmware.topology.madt == &firmware.madt && firmware.topology.srat == &firmware.srat);
    ck_assert(firmware.topology.slit == &firmware.slit && firmware.topology.ram == &ram);
    ck_assert(firmware.pm_port == 0x1608 && firmware.hpet == 0xfed00000 && !firmware.is_wide);
    for (uint32_t i = 0; i < FIRMWARE_TABLES; i++) {
        ck_assert_ptr_nonnull(firmware.tables[i]);
    }
}
END_TEST

/* A machine without any table but the MADT still boots. */
START_TEST(test_madt_alone) {
    static const char *const lines[] = {
        "ignored: ACPI table RSDT, entry 1: its address cannot be reached (and 3 more)",
        "warning: there is no SRAT: all cores and all RAM are taken for one domain",
    };
    machine_make();
    memset((uint32_t *)(tables[0] + 1) + 1, 0xff, 16);
    fixture_seal(tables[0]);
    firmware.pm_port = 1;
    firmware.hpet = 1;
    expect_notes(R4_COUNT(lines), lines);
    ck_assert(firmware.pm_port == 0 && firmware.hpet == 0);
    ck_assert(firmware.topology.srat == NULL && firmware.topology.slit == NULL);
    memset(tables[0] + 1, 0xff, 4);
    ck_assert(!read());
    ck_assert_str_eq(why.text, "there is no ACPI table APIC");
}
END_TEST

START_TEST(test_refused) {
    static const char *const lines[] = {
        "warning: ACPI table HPET: its checksum is wrong",
        "refused: ACPI table FACP: it names no PM timer",
        "refused: ACPI table SRAT, entries 7 and 6: RAM is in domain 0 and in domain 9",
        "warning: there is no usable SRAT: all cores and all RAM are taken for one domain",
        "refused: ACPI table SLIT: its length does not fit its number of domains",
        "warning: there is no usable SLIT: all distances are taken for unknown",
    };
    machine_make();
    ram.list[0].base = 0;
    ((struct acpi_fadt *)tables[3])->pm_timer_length = 0;
    ((struct acpi_fadt *)tables[3])->pm_timer_wide.address = 0;
    fixture_seal(tables[3]);
    tables[5]->checksum++;
    for (struct acpi_cursor cursor = {.table = tables[2], .offset = sizeof(struct acpi_srat)};;) {
        struct acpi_entry entry;
        if (!acpi_next(&cursor, &entry, NULL, &why)) {
            break;
        }
        struct acpi_srat_memory *memory = (void *)((uint8_t *)tables[2] + cursor.offset - entry.length);
        if (entry.index == 6) {
            memory->domain = 9;
            memory->base = 0x90000;
        }
    }
    fixture_seal(tables[2]);
    ((uint8_t *)tables[4])[36] = 9;
    fixture_seal(tables[4]);
    expect_notes(R4_COUNT(lines), lines);
    ck_assert(firmware.topology.srat == NULL && firmware.topology.slit == NULL && firmware.pm_port == 0);
}
END_TEST

SUITE_MAIN("firmware", test_all, test_madt_alone, test_refused)
