/* SPDX-License-Identifier: MIT
 *
 * ACPI tables of this machine. See tables.h.
 */
#include "tables.h"
#include "core/fadt.h"
#include "print.h"
#include "x86/identity.h"
#include "x86/local_apic.h"

static const void *table_at(void *context, phys_t base, uint64_t size) {
    const struct boot *boot = context;
    bool reachable = base != 0 && base < boot->identity_end && size <= boot->identity_end - base;
    return reachable ? identity_at(base) : NULL;
}

/* Stops the boot if a table that is needed was refused. */
static void table_must(bool good, const struct refusal *why) {
    if (!good) {
        boot_stop("%s", why->text);
    }
}

/* Reports that a table was refused, and goes on. Returns `good`. */
static bool table_may(bool good, const struct refusal *why) {
    if (!good) {
        boot_print("refused: %s", why->text);
    }
    return good;
}

/* *found is null if there is no such table, or if it was refused. A table may lie in RAM (GRUB can bring its own), so
 * it counts as in use until it has been read. */
static bool table_find(struct boot *boot, const struct acpi_memory *memory, const struct acpi_root *root,
                       const char signature[4], const struct acpi_header **found, struct refusal *why) {
    struct acpi_table table;
    bool good = acpi_find(memory, root, signature, &table, why);
    *found = table.header;
    if (table.duplicates != 0) {
        boot_print("warning: only the first of %u ACPI tables %s is used", table.duplicates + 1, signature);
    }
    if (*found != NULL) {
        boot_use(boot, (uintptr_t)*found, (*found)->length);
    }
    return good;
}

static const struct acpi_header *table_need(struct boot *boot, const struct acpi_memory *memory,
                                            const struct acpi_root *root, const char signature[4]) {
    const struct acpi_header *table;
    struct refusal why;
    table_must(table_find(boot, memory, root, signature, &table, &why), &why);
    if (table == NULL) {
        boot_stop("there is no ACPI table %s", signature);
    }
    return table;
}

/* Without a usable SRAT the machine is one domain; the layout may want to stop then. */
static void srat_take(struct boot *boot, const struct acpi_memory *memory, const struct acpi_root *root) {
    const struct acpi_header *table;
    struct refusal why;
    bool found = table_may(table_find(boot, memory, root, "SRAT", &table, &why), &why);
    if (table != NULL && table_may(srat_read(table, &boot->srat, &why), &why)) {
        boot->topology.srat = &boot->srat;
        return;
    }
    boot->srat.core_count = 0;
    boot->srat.memory_count = 0;
    boot_print("warning: there is no %sSRAT: all cores and all RAM are taken for one domain",
               found && table == NULL ? "" : "usable ");
}

static void slit_take(struct boot *boot, const struct acpi_memory *memory, const struct acpi_root *root) {
    const struct acpi_header *table;
    struct refusal why;
    bool found = table_may(table_find(boot, memory, root, "SLIT", &table, &why), &why);
    if (table != NULL && table_may(slit_read(table, &boot->slit, &why), &why)) {
        boot->topology.slit = &boot->slit;
        return;
    }
    boot->slit.count = 0;
    if (!found || table != NULL) {
        boot_print("warning: there is no usable SLIT: all distances are taken for unknown");
    }
}

/* What is unusual, but no contradiction. */
static void tables_warn(const struct boot *boot) {
    const struct srat *srat = boot->topology.srat;
    if (boot->madt.apic != apic_base()) {
        boot_print("warning: the local APICs are at 0x%lx, not at 0x%lx as the MADT says", apic_base(),
                   boot->madt.apic);
    }
    for (uint32_t i = 0; srat != NULL && i < srat->core_count; i++) {
        const struct madt_core *core = madt_find(&boot->madt, srat->cores[i].apic_id);
        if (core == NULL || !core->enabled) {
            boot_print("ignored: the SRAT lists a core with APIC id %u, which the MADT %s", srat->cores[i].apic_id,
                       core == NULL ? "does not list" : "does not enable");
        }
    }
    for (uint32_t i = 0; srat != NULL && i < srat->memory_count; i++) {
        const struct srat_memory *memory = &srat->memories[i];
        if (!ranges_meet(&boot->loader.ram, memory->base, memory->base + memory->size)) {
            boot_print("ignored: the SRAT lists memory 0x%016lx-0x%016lx of domain %u, where there is no RAM",
                       memory->base, memory->base + memory->size, memory->domain);
        }
    }
}

/* A kernel will map I/O APICs uncached and write to them: RAM and the local APICs must not be there. */
static void io_apics_check(const struct boot *boot) {
    for (uint32_t i = 0; i < boot->madt.io_apic_count; i++) {
        const struct madt_io_apic *io_apic = &boot->madt.io_apics[i];
        phys_t page = round_down(io_apic->base, R4_PAGE_SIZE);
        if (ranges_meet(&boot->loader.ram, page, page + R4_PAGE_SIZE) || page == apic_base()) {
            boot_stop("the MADT lists I/O APIC %u at 0x%lx, where %s", io_apic->id, io_apic->base,
                      page == apic_base() ? "the local APICs are" : "there is RAM");
        }
    }
}

void tables_read(struct boot *boot) {
    struct acpi_memory memory = {.at = table_at, .context = boot};
    struct acpi_root root;
    struct refusal why;
    BOOT_ASSERT(boot->identity_end != 0);
    if (boot->loader.rsdp == NULL) {
        boot_stop("the boot loader found no ACPI tables");
    }
    table_must(acpi_open(&memory, boot->loader.rsdp, boot->loader.rsdp_size, &root, &why), &why);
    table_must(madt_read(table_need(boot, &memory, &root, "APIC"), &boot->madt, &why), &why);
    io_apics_check(boot);
    table_must(fadt_read(table_need(boot, &memory, &root, "FACP"), &boot->pm_port, &why), &why);
    boot->topology = (struct topology){.madt = &boot->madt, .ram = &boot->loader.ram};
    srat_take(boot, &memory, &root);
    slit_take(boot, &memory, &root);
    boot_print("tables: %s, MADT cores %u, SRAT cores %u memory ranges %u, SLIT domains %u",
               root.is_wide ? "XSDT" : "RSDT", boot->madt.core_count, boot->srat.core_count, boot->srat.memory_count,
               boot->slit.count);
    tables_warn(boot);
}
