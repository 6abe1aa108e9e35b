/* SPDX-License-Identifier: MIT
 *
 * The boot coordinator: from the boot loader to one linked kernel per cluster, which runs on all cores of the cluster.
 * Read the list in coordinator_main(); each step is a file. After step 8 nothing of the coordinator is needed any more:
 * its memory belongs to the pools.
 */
#include "kernel.h"
#include "layout.h"
#include "memory.h"
#include "modules.h"
#include "print.h"
#include "report.h"
#include "tables.h"
#include "x86/cpu.h"
#include "x86/local_apic.h"
#include "x86/serial.h"
#include "x86/start.h"
#include <r4/string.h>

_Noreturn void coordinator_main(uint32_t magic, uint32_t block); /* called by entry.S */

static struct boot boot;

/* The command line is read before anything is printed: it chooses the port. */
static void console_open(uint32_t magic, uint32_t block) {
    struct refusal loader_why;
    struct refusal serial_why;
    bool loader_good = modules_read(&boot, magic, block, &loader_why);
    boot.verbose = string_word(boot.command, "verbose");
    bool serial_good = console_read(boot.command, &boot.serial, &serial_why);
    serial_open(&boot.serial);
    boot_print("R4 boot coordinator");
    if (!loader_good) {
        boot_stop("%s", loader_why.text);
    }
    if (!serial_good) {
        boot_print("warning: %s", serial_why.text);
    }
}

static void cpu_warn(void) {
    struct weakness_cpu cpu = cpu_read();
    uint32_t weaknesses = weakness_find(&cpu);
    for (uint32_t i = 0; i < WEAKNESS_COUNT; i++) {
        if (weaknesses & 1U << i) {
            boot_print("warning: %s", weakness_text((enum weakness)i));
        }
    }
}

static void interrupts_silence(void) {
    pic_mask();
    if (!apic_open()) {
        boot_stop("the firmware has left the local APIC off");
    }
    boot_print("local APIC: %s mode, the boot processor has id %u", apic_is_wide() ? "x2APIC" : "xAPIC", apic_id());
}

static void clock_open(void) {
    for (enum clock_source source = 0; source < CLOCK_SOURCES; source++) {
        struct clock_reference reference;
        char name[CLOCK_NAME];
        if (!clock_find(source, boot.firmware.pm_port, boot.firmware.hpet, &reference, name)) {
            continue;
        }
        if (clock_measure(&reference, &boot.rates)) {
            boot_print("clock: TSC %u kHz, APIC timer %u kHz, measured by %s", boot.rates.tsc_khz, boot.rates.apic_khz,
                       name);
            return;
        }
        boot_print("warning: %s does not count", name);
    }
    boot_stop("there is nothing to measure time by: no PM timer, no HPET, and CPUID does not tell the TSC's rate");
}

static void cluster_note_cores(const struct cluster *cluster) {
    struct core_start start = {.root = start_tables(cluster->number, cluster->kernel_root), .entry = cluster->entry};
    for (uint32_t i = 0; i < cluster->layout->core_count; i++) {
        start.core = i;
        start.apic_id = cluster->cores[i].apic_id;
        if (!start_add(&start)) {
            boot_stop("there are more than %u cores", R4_MAX_CLUSTERS * R4_MAX_CORES);
        }
    }
}

/* False: some core does not answer. */
static bool cores_start(void) {
    for (uint32_t i = 0; i < boot_cluster_count(&boot); i++) {
        cluster_note_cores(&boot.clusters[i]);
    }
    if (start_cores(boot.low_page) != 0) {
        return false;
    }
    boot_print("cores: %u started", boot.layout.header->core_count);
    return true;
}

/* Forgets all that steps 4 to 7 have done, and the silent cores. Those that have started are in
 * their kernels, where they only wait: they are reset. */
static void kernels_drop(const struct ranges *in_use) {
    start_reset(boot.layout.cores, boot.layout.header->core_count);
    layout_drop_silent(&boot);
    start_clear();
    boot.in_use = *in_use;
    boot.gibs.count = 0;
    boot.pool_count = 0;
}

static void kernels_create(void) {
    for (uint32_t i = 0; i < boot_cluster_count(&boot); i++) {
        kernel_create(&boot, &boot.clusters[i]);
    }
    kernel_tell_peers(&boot);
}

static void report(void) {
    for (uint32_t i = 0; i < boot_cluster_count(&boot); i++) {
        report_cluster(&boot, &boot.clusters[i]);
    }
    report_overhead(&boot);
}

void coordinator_main(uint32_t magic, uint32_t block) {
    /* 1. Open the console; print the weaknesses of the processor; silence what could interrupt. */
    console_open(magic, block);
    cpu_warn();
    interrupts_silence();

    /* 2. What the boot loader brought. */
    modules_take(&boot, block);
    modules_open(&boot);

    /* 3. What the machine is, and who gets what: as the layout says if that fits, else as derived from the tables.
     *    Reset the other cores of that layout. */
    tables_read(&boot);
    layout_choose(&boot);
    start_reset(boot.layout.cores, boot.layout.header->core_count);
    clock_open();

    static struct ranges in_use;
    in_use = boot.in_use;
    for (bool complete = false; !complete;) {
        /* 4. Divide the memory, and find a place for all that a kernel finds when it starts. */
        memory_divide(&boot);
        memory_place(&boot);

        /* 5. Link one kernel per cluster and create its address space. */
        kernels_create();

        /* 6. Report. */
        report();

        /* 7. Send every other core into its kernel. If some do not answer, go back to 4 without them. */
        complete = cores_start();
        if (!complete) {
            kernels_drop(&in_use);
        }
    }

    /* 8. This core goes last: until it has arrived, no kernel writes to what the coordinator still uses. */
    start_self();
}
