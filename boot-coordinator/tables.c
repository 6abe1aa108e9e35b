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

/* A table may lie in RAM (GRUB can bring its own), so it counts as in use until it has been read. */
static const struct acpi_header *table_find(struct boot *boot, const struct acpi_memory *memory,
                                            const struct acpi_root *root, const char signature[4]) {
    struct acpi_table table;
    boot_stop_on(acpi_find(memory, root, signature, &table));
    if (table.duplicates != 0) {
        boot_print("warning: %u further ACPI tables %s are not used", table.duplicates, signature);
    }
    if (table.header != NULL) {
        boot_use(boot, (uintptr_t)table.header, table.header->length);
    }
    return table.header;
}

static const struct acpi_header *table_need(struct boot *boot, const struct acpi_memory *memory,
                                            const struct acpi_root *root, const char signature[4]) {
    const struct acpi_header *table = table_find(boot, memory, root, signature);
    if (table == NULL) {
        boot_stop("there is no ACPI table %s", signature);
    }
    return table;
}

void tables_read(struct boot *boot) {
    struct acpi_memory memory = {.at = table_at, .context = boot};
    struct acpi_root root;
    if (boot->loader.rsdp == NULL) {
        boot_stop("the boot loader found no ACPI tables");
    }
    boot_stop_on(acpi_open(&memory, boot->loader.rsdp, boot->loader.rsdp_size, &root));
    boot_stop_on(madt_read(table_need(boot, &memory, &root, "APIC"), &boot->madt));
    boot_stop_on(fadt_read(table_need(boot, &memory, &root, "FACP"), &boot->pm_port));
    boot->topology = (struct topology){.madt = &boot->madt, .ram = &boot->loader.ram};
    const struct acpi_header *srat = table_find(boot, &memory, &root, "SRAT");
    if (srat != NULL) {
        boot_stop_on(srat_read(srat, &boot->srat));
        boot->topology.srat = &boot->srat;
    } else {
        boot_print("warning: there is no SRAT: all cores and all RAM are taken for one domain");
    }
    const struct acpi_header *slit = table_find(boot, &memory, &root, "SLIT");
    if (slit != NULL) {
        boot_stop_on(slit_read(slit, &boot->slit));
        boot->topology.slit = &boot->slit;
    }
    boot_print("tables: %s, MADT %u cores, SRAT %u cores %u memory ranges, SLIT %u domains",
               root.width == 8 ? "XSDT" : "RSDT", boot->madt.core_count, boot->srat.core_count, boot->srat.memory_count,
               boot->slit.count);
}

static bool layout_has_core(const struct r4_layout *layout, uint32_t apic_id) {
    for (uint32_t i = 0; i < layout->header->core_count; i++) {
        if (layout->cores[i].apic_id == apic_id) {
            return true;
        }
    }
    return false;
}

static bool layout_states_distance(const struct r4_layout *layout) {
    for (uint32_t i = 0; i < layout->header->link_count; i++) {
        if (layout->links[i].distance != 0) {
            return true;
        }
    }
    return false;
}

/* What is odd, but no contradiction. */
static void tables_warn(const struct boot *boot) {
    if (boot->topology.slit == NULL && layout_states_distance(&boot->layout)) {
        boot_print("warning: there is no SLIT: the layout's distances are not checked");
    }
    if (boot->madt.apic != apic_base()) {
        boot_print("warning: the local APICs are at 0x%lx, not at 0x%lx as the MADT says", apic_base(),
                   boot->madt.apic);
    }
    for (uint32_t i = 0; i < boot->madt.core_count; i++) {
        const struct madt_core *core = &boot->madt.cores[i];
        if (core->enabled && !layout_has_core(&boot->layout, core->apic_id)) {
            boot_print("unused: core with APIC id %u, which the layout does not name", core->apic_id);
        }
    }
}

void tables_check_layout(struct boot *boot) {
    char reason[192];
    if (!topology_check(&boot->topology, &boot->layout, reason, sizeof(reason))) {
        boot_stop("the layout contradicts the ACPI tables: %s", reason);
    }
    for (uint32_t i = 0; i < boot->layout.header->core_count; i++) {
        if (boot->layout.cores[i].apic_id > APIC_ID_MAX) {
            boot_stop("the core with APIC id %u needs x2APIC mode, which R4 cannot use yet",
                      boot->layout.cores[i].apic_id);
        }
    }
    if (!layout_has_core(&boot->layout, apic_id())) {
        boot_stop("the layout does not name the boot processor (APIC id %u)", apic_id());
    }
    tables_warn(boot);
}
