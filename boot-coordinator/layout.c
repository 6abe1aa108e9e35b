/* SPDX-License-Identifier: MIT
 *
 * Which layout. See layout.h.
 */
#include "layout.h"
#include "core/derive.h"
#include "core/device.h"
#include "print.h"
#include "tables.h"
#include "x86/cpu.h"
#include "x86/identity.h"
#include "x86/local_apic.h"
#include "x86/start.h"
#include <r4/string.h>

#define OPTION_SIZE 16U

static struct derive derive;
static struct notes unused;

static bool layout_has_core(const struct r4_layout *layout, uint32_t apic_id) {
    for (uint32_t i = 0; i < layout->header->core_count; i++) {
        if (layout->cores[i].apic_id == apic_id) {
            return true;
        }
    }
    return false;
}

static bool layout_states_distance(const struct r4_layout *layout) {
    for (uint32_t i = 0; i < layout->header->peer_count; i++) {
        if (layout->peers[i].distance != 0) {
            return true;
        }
    }
    return false;
}

/* Refused: the machine cannot run it. */
static bool layout_fits(const struct boot *boot, struct refusal *why) {
    for (uint32_t i = 0; i < boot->layout.header->core_count; i++) {
        if (boot->layout.cores[i].apic_id > apic_id_max()) {
            return refuse(why, "the core with APIC id %u needs x2APIC mode, which this CPU does not have",
                          boot->layout.cores[i].apic_id);
        }
    }
    if (!layout_has_core(&boot->layout, apic_id())) {
        return refuse(why, "the layout does not name the boot processor (APIC id %u)", apic_id());
    }
    return topology_check(&boot->firmware.topology, &boot->layout, why) &&
           device_check(&boot->firmware.madt, &boot->layout, why);
}

/* True if the module's layout is to be used. */
static bool module_take(struct boot *boot) {
    const struct multiboot_module *module = multiboot_module(&boot->loader, "layout");
    char option[OPTION_SIZE];
    struct refusal why;
    if (string_option(boot->command, "layout", option, sizeof(option)) && string_equal(option, "derive")) {
        boot_print("layout: not the module's: the command line says layout=derive");
        return false;
    }
    if (module == NULL) {
        boot_print("layout: there is no module named layout");
        return false;
    }
    if (!r4_layout_open(identity_at(module->base), module->end - module->base, &boot->layout, &why)) {
        boot_stop("module layout, %s", why.text);
    }
    if (layout_fits(boot, &why)) {
        boot_print("layout: the module's, clusters %u, cores %u", boot_cluster_count(boot),
                   boot->layout.header->core_count);
        return true;
    }
    if ((boot->layout.header->flags & R4_LAYOUT_STOP) != 0) {
        boot_stop("the layout contradicts the ACPI tables: %s", why.text);
    }
    boot_print("layout: not the module's: it contradicts the ACPI tables: %s", why.text);
    return false;
}

static bool layout_derive(struct boot *boot, struct refusal *why) {
    return derive_layout(&boot->firmware.topology, apic_id(), apic_id_max(), &derive, &boot->layout, why) &&
           layout_fits(boot, why);
}

static void derived_report(const struct r4_layout *layout) {
    boot_print("layout: derived from the ACPI tables, clusters %u, cores %u", layout->header->cluster_count,
               layout->header->core_count);
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        const struct r4_layout_memory *part = &layout->memories[i];
        boot_print("derived: cluster %u: domain %u, cores %u, bytes 0x%lx to 0x%lx of domain %u's memory",
                   part->cluster, derive.places[part->cluster].domain, layout->clusters[part->cluster].core_count,
                   part->offset, part->offset + part->size, part->domain);
    }
}

/* What is unusual, but no contradiction. */
static void layout_warn(const struct boot *boot) {
    if (boot->firmware.topology.slit == NULL && layout_states_distance(&boot->layout)) {
        boot_print("warning: there is no SLIT: the layout's distances are not checked");
    }
    for (uint32_t i = 0; i < boot->firmware.madt.core_count; i++) {
        const struct madt_core *core = &boot->firmware.madt.cores[i];
        if (core->enabled && !layout_has_core(&boot->layout, core->apic_id)) {
            notes_add(&unused, NOTE_CORE_UNUSED, "unused: core with APIC id %u, which the layout does not name",
                      core->apic_id);
        }
    }
    notes_end(&unused);
    tables_print_notes(&unused);
}

/* What the kernels will need, as far as it is known now. */
static void needs_note(struct boot *boot) {
    struct topology *topology = &boot->firmware.topology;
    struct root root;
    struct refusal why;
    if (!root_plan(&boot->root, 0, &root, &why)) {
        boot_stop("module root: %s", why.text);
    }
    topology->image_size = boot->plan.image_size;
    for (uint32_t i = 0; i < root.segment_count; i++) {
        topology->root_size += root.segments[i].size;
    }
    topology->in_use = &boot->in_use;
    topology->thread_bits = cpu_thread_bits();
}

void layout_choose(struct boot *boot) {
    struct refusal why;
    BOOT_ASSERT(boot->firmware.topology.madt != NULL);
    needs_note(boot);
    if (!module_take(boot)) {
        bool derived = layout_derive(boot, &why);
        if (!derived && boot->firmware.topology.srat != NULL) {
            boot_print("warning: the SRAT is not used: %s: all cores and all RAM are taken for one domain", why.text);
            boot->firmware.topology.srat = NULL;
            boot->firmware.topology.slit = NULL;
            derived = layout_derive(boot, &why);
        }
        if (!derived) {
            boot_stop("no layout can be derived from the ACPI tables: %s", why.text);
        }
        derived_report(&boot->layout);
    }
    layout_warn(boot);
}

void layout_drop_silent(struct boot *boot) {
    struct refusal why;
    for (uint32_t i = 0; i < boot->layout.header->core_count;) {
        uint32_t id = boot->layout.cores[i].apic_id;
        if (!start_find(id)->silent) {
            i++;
            continue;
        }
        if (boot->layout.header != &derive.header) {
            boot_stop("the core with APIC id %u does not start", id);
        }
        if (!derive_drop_core(&derive, id, &why)) {
            boot_stop("the core with APIC id %u does not start, and %s", id, why.text);
        }
        boot_print("unused: core with APIC id %u, which does not start", id);
    }
}
