/* SPDX-License-Identifier: MIT
 *
 * The coordinator as a host program: its own code reads a machine's tables, chooses the layout and divides the memory,
 * as it would at boot, and what it has found is printed: one fact per line, a word first. tools/layout_examine.py
 * starts it, and is the one that reads these lines. Its arguments are the files of kernel and root task, whose sizes
 * the layout depends on.
 *
 *   line TEXT, stop TEXT            what the coordinator prints, and why it would stop
 *   core ID ENABLED                 of the MADT
 *   affinity ID DOMAIN              of the SRAT: cores
 *   range BASE END DOMAIN FLAGS     of the SRAT: memory; flags as in the table
 *   listed BASE END DOMAIN FLAGS    the same if the SRAT is not used after all
 *   domain NUMBER SIZE              each that has memory; its size as the parts of a layout count it
 *   holds DOMAIN BASE END           RAM of that domain
 *   distances FROM VALUE …          of the SLIT
 *   window BASE END                 of the CEDT: where CXL memory appears
 *   ram BASE END
 *   cluster NUMBER GROUP            of the layout, with its cores, parts, pools and peers:
 *   member CLUSTER ID
 *   part CLUSTER DOMAIN OFFSET SIZE
 *   pool CLUSTER BASE END
 *   peer FROM TO PRIORITY DISTANCE
 *   owners CONSOLE PCI
 */
#include "boot.h"
#include "input.h"
#include "layout.h"
#include "machine.h"
#include "memory.h"
#include "modules.h"
#include "print.h"
#include "tables.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CEDT_WINDOW_SIZE 24U /* up to the window's size; CXL 3.0, 9.17.1.3 */

struct cedt_entry {
    uint8_t type; /* 1: a fixed memory window */
    uint8_t reserved;
    uint16_t length;
    uint32_t reserved_4;
    uint64_t base;
    uint64_t size;
} ACPI_PACKED;

static struct boot boot;
static struct boot placed;
static struct input input;

/* Where the coordinator keeps what the tables say. */
static const struct madt *madt(void) { return &boot.firmware.madt; }
static const struct srat *srat_listed(void) { return &boot.firmware.srat; } /* whether it is used or not */
static const struct topology *topology(void) { return &boot.firmware.topology; }

static const struct acpi_header *table_of(const char *signature) {
    for (uint32_t i = 0; i < input.table_count; i++) {
        const struct acpi_header *table = input.tables[i];
        if (memcmp(table->signature, signature, sizeof(table->signature)) == 0) {
            return table;
        }
    }
    return NULL;
}

static void print_cores(void) {
    const struct srat *srat = topology()->srat;
    for (uint32_t i = 0; i < madt()->core_count; i++) {
        printf("core %" PRIu32 " %d\n", madt()->cores[i].apic_id, madt()->cores[i].enabled);
    }
    for (uint32_t i = 0; srat != NULL && i < srat->core_count; i++) {
        printf("affinity %" PRIu32 " %" PRIu32 "\n", srat->cores[i].apic_id, srat->cores[i].domain);
    }
}

/* Flags of the table's entry with that index; 0 if it is no memory's. */
static uint32_t range_flags(uint32_t index) {
    const struct acpi_header *table = table_of("SRAT");
    uint32_t left = table->length - (uint32_t)sizeof(struct acpi_srat);
    const uint8_t *at = (const uint8_t *)table + sizeof(struct acpi_srat);
    for (; left >= sizeof(struct acpi_srat_memory); index--) {
        const struct acpi_srat_memory *memory = (const void *)at;
        uint32_t length = memory->entry.length;
        if (index == 0 && memory->entry.type == ACPI_SRAT_MEMORY && length >= sizeof(*memory)) {
            return memory->flags;
        }
        if (index == 0 || length < sizeof(memory->entry) || length > left) {
            return 0;
        }
        at += length;
        left -= length;
    }
    return 0;
}

static void print_memory(void) {
    const struct srat *srat = srat_listed();
    for (uint32_t i = 0; i < srat->memory_count; i++) {
        const struct srat_memory *range = &srat->memories[i];
        printf("%s %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 "\n", topology()->srat != NULL ? "range" : "listed",
               range->base, range->base + range->size, range->domain, range_flags(range->entry));
    }
    for (uint32_t i = 0; i < boot.loader.ram.count; i++) {
        printf("ram %" PRIu64 " %" PRIu64 "\n", boot.loader.ram.list[i].base, boot.loader.ram.list[i].end);
    }
}

static void print_domain(uint32_t number) {
    static struct ranges ram;
    printf("domain %" PRIu32 " %" PRIu64 "\n", number, topology_domain_size(topology(), number));
    if (!topology_domain_ram(topology(), number, &ram)) {
        return;
    }
    for (uint32_t i = 0; i < ram.count; i++) {
        printf("holds %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", number, ram.list[i].base, ram.list[i].end);
    }
}

/* A machine without an SRAT is domain 0. */
static void print_domains(void) {
    const struct srat *srat = topology()->srat;
    if (srat == NULL && topology()->ram != NULL) {
        print_domain(0);
    }
    for (uint32_t i = 0; srat != NULL && i < srat->memory_count; i++) {
        uint32_t first = 0;
        while (srat->memories[first].domain != srat->memories[i].domain) {
            first++;
        }
        if (first == i) {
            print_domain(srat->memories[i].domain);
        }
    }
}

static void print_distances(void) {
    const struct slit *slit = topology()->slit;
    for (uint32_t from = 0; slit != NULL && from < slit->count; from++) {
        printf("distances %" PRIu32, from);
        for (uint32_t to = 0; to < slit->count; to++) {
            printf(" %" PRIu32, slit_distance(slit, from, to));
        }
        putchar('\n');
    }
}

/* The coordinator does not read this table: RAM that it may not use is no RAM in the memory map. */
static void print_windows(void) {
    const struct acpi_header *table = table_of("CEDT");
    if (table == NULL || !acpi_sum_good(table, table->length)) {
        return;
    }
    for (uint32_t at = sizeof(*table); table->length - at >= CEDT_WINDOW_SIZE;) {
        const struct cedt_entry *entry = (const void *)((const uint8_t *)table + at);
        if (entry->length < 4 || entry->length > table->length - at) {
            return;
        }
        if (entry->type == 1 && entry->length >= CEDT_WINDOW_SIZE && entry->base + entry->size >= entry->base) {
            printf("window %" PRIu64 " %" PRIu64 "\n", entry->base, entry->base + entry->size);
        }
        at += entry->length;
    }
}

static void print_layout(void) {
    const struct r4_layout *layout = &boot.layout;
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        printf("cluster %" PRIu32 " %u\n", i, layout->clusters[i].group);
        for (uint32_t j = 0; j < boot.clusters[i].pools.count; j++) {
            const struct range *pool = &boot.clusters[i].pools.list[j];
            printf("pool %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", i, pool->base, pool->end);
        }
    }
    for (uint32_t i = 0; i < layout->header->core_count; i++) {
        printf("member %u %" PRIu32 "\n", layout->cores[i].cluster, layout->cores[i].apic_id);
    }
    for (uint32_t i = 0; i < layout->header->memory_count; i++) {
        const struct r4_layout_memory *part = &layout->memories[i];
        printf("part %u %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", part->cluster, part->domain, part->offset, part->size);
    }
    for (uint32_t i = 0; i < layout->header->peer_count; i++) {
        const struct r4_layout_peer *peer = &layout->peers[i];
        printf("peer %u %u %u %u\n", peer->from, peer->to, peer->priority, peer->distance);
    }
    printf("owners %u %u\n", layout->header->console_owner, layout->header->pci_owner);
}

static void print_facts(void) {
    print_cores();
    print_memory();
    print_domains();
    print_distances();
    print_windows();
}

_Noreturn void examine_stopped(const char *reason) {
    printf("stop %s\n", reason);
    print_facts();
    exit(EXIT_SUCCESS);
}

int main(int count, char **arguments) {
    struct refusal why;
    if (!input_read(&input)) {
        fprintf(stderr, "examine: the standard input is no list of records\n");
        return EXIT_FAILURE;
    }
    if (count != 3 || !input_file(arguments[1], &input.kernel) || !input_file(arguments[2], &input.root)) {
        fprintf(stderr, "examine: its arguments have to be the files of kernel and root task\n");
        return EXIT_FAILURE;
    }
    const uint32_t *block = input_block(&input);
    machine_boot_core(input.boot_core);
    if (!multiboot_read(block, *block, &boot.loader, &why)) {
        boot_stop("%s", why.text);
    }
    ranges_remove(&boot.loader.ram, R4_PHYS_MAX, UINT64_MAX);
    snprintf(boot.command, sizeof(boot.command), "%s", boot.loader.command);
    boot.identity_end = MACHINE_END;
    boot.verbose = true;
    modules_open(&boot);
    tables_read(&boot);
    boot.in_use.count = 0; /* the tables are at addresses of the host */
    layout_choose(&boot);
    memory_divide(&boot);
    placed = boot;
    memory_place(&placed); /* stops if some cluster has too little memory; the pools that are printed are whole */
    print_facts();
    print_layout();
    return EXIT_SUCCESS;
}
