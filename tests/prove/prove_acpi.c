/* SPDX-License-Identifier: MIT
 *
 * acpi_open, acpi_find: every root pointer of 0 to 40 bytes; root tables of every length up to ROOT_MAX and of any
 * content, in a machine where one root table and one MADT can be reached and all other addresses cannot.
 */
#include "prove.h"
#include <r4/string.h>

#define POINTER_MAX 40U
#define ROOT        0x1000U /* addresses */
#define TABLE       0x2000U
#define ROOT_MAX    52U
#define TABLE_MAX   40U

struct machine {
    uint8_t *root; /* root_size bytes */
    uint8_t *table;
    uint32_t root_size;
};

static const void *machine_at(void *context, phys_t base, uint64_t size) {
    const struct machine *machine = context;
    if (base == ROOT) {
        return size <= machine->root_size ? machine->root : NULL;
    }
    return base == TABLE && size <= TABLE_MAX ? machine->table : NULL;
}

/* Root table of `size` bytes that says it has `length`. */
static void tables_try(const uint8_t *pointer, uint32_t size, uint32_t length) {
    struct machine machine = {.root_size = size};
    const struct acpi_memory memory = {machine_at, &machine};
    struct acpi_root root;
    struct acpi_table table;
    struct refusal why;
    machine.root = prove_bytes(size);
    machine.table = prove_bytes(TABLE_MAX);
    ((struct acpi_header *)(void *)machine.root)->length = length;
    ((struct acpi_header *)(void *)machine.table)->length = TABLE_MAX;
    memcpy(machine.table, "APIC", 4);
    if (acpi_open(&memory, pointer, 36, false, &root, NULL, &why)) {
        //@ split root.is_wide;
        //@ split root.count;
        acpi_find(&memory, &root, "APIC", &table, NULL, &why);
    }
    free(machine.root);
    free(machine.table);
}

void main(void) {
    for (uint32_t size = 0; size <= POINTER_MAX; size++) { /* nothing can be reached */
        struct machine none = {.root_size = 0};
        const struct acpi_memory memory = {machine_at, &none};
        struct acpi_root root;
        struct refusal why;
        uint8_t *pointer = prove_bytes(size + 1) + 1;
        acpi_open(&memory, pointer, size, false, &root, NULL, &why);
    }
    uint8_t *pointer = prove_bytes(36);
    for (uint32_t size = sizeof(struct acpi_header); size <= ROOT_MAX; size++) {
        for (uint32_t more = 0; more < 3; more++) { /* says that it is shorter, as long, longer */
            tables_try(pointer, size, size - 1 + more);
        }
    }
}
