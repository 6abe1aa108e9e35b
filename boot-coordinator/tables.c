/* SPDX-License-Identifier: MIT
 *
 * ACPI tables of this machine. See tables.h.
 */
#include "tables.h"
#include "print.h"
#include "x86/identity.h"
#include "x86/local_apic.h"
#include <r4/string.h>

#define OPTION_SIZE 8U

static const void *table_at(void *context, phys_t base, uint64_t size) {
    const struct boot *boot = context;
    bool reachable = base != 0 && base < boot->identity_end && size <= boot->identity_end - base;
    return reachable ? identity_at(base) : NULL;
}

void tables_print_notes(const struct notes *notes) {
    for (uint32_t i = 0; i < notes->count; i++) {
        boot_print("%s", notes->list[i].line.text);
    }
}

/* A kernel will map I/O APICs uncached and write to them: RAM and the local APICs must not be there. */
static void io_apics_check(const struct boot *boot) {
    const struct madt *madt = &boot->firmware.madt;
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        const struct madt_io_apic *io_apic = &madt->io_apics[i];
        phys_t page = round_down(io_apic->base, R4_PAGE_SIZE);
        if (ranges_meet(&boot->loader.ram, page, page + R4_PAGE_SIZE) || page == apic_base()) {
            boot_stop("the MADT lists I/O APIC %u at 0x%lx, where %s", io_apic->id, io_apic->base,
                      page == apic_base() ? "the local APICs are" : "there is RAM");
        }
    }
}

/* Tables may lie in RAM (GRUB can bring its own), so they count as in use until they have been read. */
static void tables_use(struct boot *boot) {
    for (uint32_t i = 0; i < FIRMWARE_TABLES; i++) {
        const struct acpi_header *table = boot->firmware.tables[i];
        if (table != NULL) {
            boot_use(boot, (uintptr_t)table, table->length);
        }
    }
}

static void tables_report(const struct boot *boot) {
    const struct firmware *firmware = &boot->firmware;
    boot_print("tables: %s, MADT cores %u, SRAT cores %u memory ranges %u, SLIT domains %u",
               firmware->is_wide ? "XSDT" : "RSDT", firmware->madt.core_count, firmware->srat.core_count,
               firmware->srat.memory_count, firmware->slit.count);
    if (firmware->madt.apic != apic_base()) {
        boot_print("warning: the local APICs are at 0x%lx, not at 0x%lx as the MADT says", apic_base(),
                   firmware->madt.apic);
    }
}

void tables_read(struct boot *boot) {
    struct acpi_memory memory = {.at = table_at, .context = boot};
    struct firmware_source source = {
        .memory = &memory, .rsdp = boot->loader.rsdp, .rsdp_size = boot->loader.rsdp_size, .ram = &boot->loader.ram};
    char root[OPTION_SIZE];
    struct refusal why;
    BOOT_ASSERT(boot->identity_end != 0);
    if (source.rsdp == NULL) {
        boot_stop("the boot loader found no ACPI tables");
    }
    source.narrow = string_option(boot->command, "root", root, sizeof(root)) && string_equal(root, "rsdt");
    bool good = firmware_read(&source, &boot->firmware, &why);
    tables_print_notes(&boot->firmware.notes);
    if (!good) {
        boot_stop("%s", why.text);
    }
    io_apics_check(boot);
    tables_use(boot);
    tables_report(boot);
}
