/* SPDX-License-Identifier: MIT
 *
 * From records to what a boot loader hands over. See input.h.
 */
#include "input.h"
#include "core/acpi_tables.h"
#include "core/multiboot_tags.h"
#include "machine.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool record_take(struct input *input, const struct input_record *record) {
    const void *bytes = record + 1;
    switch (record->kind) {
    case INPUT_TABLE:
        if (record->size < sizeof(struct acpi_header) || ((const struct acpi_header *)bytes)->length > record->size ||
            input->table_count == INPUT_TABLES_MAX) {
            return false;
        }
        input->tables[input->table_count++] = bytes;
        return true;
    case INPUT_MAP:
        input->map = bytes;
        input->map_count = record->size / (uint32_t)sizeof(struct input_map);
        return true;
    case INPUT_LAYOUT:
        input->layout = (struct input_module){bytes, record->size};
        return true;
    case INPUT_COMMAND:
        input->command = bytes;
        return record->size > 0 && input->command[record->size - 1] == 0;
    case INPUT_BOOT_CORE:
        memcpy(&input->boot_core, bytes, sizeof(input->boot_core));
        return record->size == sizeof(input->boot_core);
    default:
        return false;
    }
}

bool input_read(struct input *input) {
    uint8_t *bytes = machine_memory(INPUT_SIZE_MAX);
    size_t size = fread(bytes, 1, INPUT_SIZE_MAX, stdin);
    *input = (struct input){.command = ""};
    if (size == INPUT_SIZE_MAX) {
        return false;
    }
    for (size_t at = 0; at < size;) {
        const struct input_record *record = (const void *)(bytes + at);
        if (size - at < sizeof(*record) || record->size > size - at - sizeof(*record) || !record_take(input, record)) {
            return false;
        }
        at += sizeof(*record) + round_up(record->size, MULTIBOOT_TAG_ALIGNMENT);
    }
    return true;
}

bool input_file(const char *path, struct input_module *module) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0 || about.st_size > INPUT_FILE_MAX) {
        return false;
    }
    size_t size = (size_t)about.st_size;
    const void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_32BIT, file, 0);
    close(file);
    *module = (struct input_module){bytes, (uint32_t)size};
    return bytes != MAP_FAILED;
}

static uint8_t sum_missing(const void *bytes, size_t size) {
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum - ((const uint8_t *)bytes)[i]);
    }
    return sum;
}

/* An XSDT of all tables. */
static const struct acpi_header *root_table(const struct input *input) {
    uint32_t size = (uint32_t)(sizeof(struct acpi_header) + input->table_count * sizeof(struct acpi_xsdt_entry));
    struct acpi_header *table = machine_memory(size);
    struct acpi_xsdt_entry *entries = (void *)(table + 1);
    memcpy(table->signature, "XSDT", sizeof(table->signature));
    table->length = size;
    for (uint32_t i = 0; i < input->table_count; i++) {
        entries[i].table = (uintptr_t)input->tables[i];
    }
    table->checksum = sum_missing(table, size);
    return table;
}

static void rsdp_write(struct acpi_rsdp *rsdp, const struct acpi_header *xsdt) {
    memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
    rsdp->revision = 2;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt = (uintptr_t)xsdt;
    rsdp->checksum = sum_missing(rsdp, offsetof(struct acpi_rsdp, length));
    rsdp->extended_checksum = sum_missing(rsdp, sizeof(*rsdp));
}

/* Begins a tag with `size` bytes after its head at *at, and moves *at behind it. Returns those bytes. */
static void *tag_add(uint8_t **at, uint32_t type, size_t size) {
    struct multiboot_tag *tag = (void *)*at;
    *tag = (struct multiboot_tag){type, (uint32_t)(sizeof(*tag) + size)};
    *at += round_up(tag->size, MULTIBOOT_TAG_ALIGNMENT);
    return tag + 1;
}

static void map_add(uint8_t **at, const struct input *input) {
    size_t size = input->map_count * sizeof(struct multiboot_memory);
    uint32_t *head = tag_add(at, MULTIBOOT_TAG_MEMORY, 2 * sizeof(uint32_t) + size);
    head[0] = sizeof(struct multiboot_memory); /* the width of an entry */
    struct multiboot_memory *entries = (void *)(head + 2);
    for (uint32_t i = 0; i < input->map_count; i++) {
        const struct input_map *map = &input->map[i];
        entries[i] = (struct multiboot_memory){map->base, map->end - map->base, (uint32_t)map->type, 0};
    }
}

static void module_add(uint8_t **at, const char *name, const struct input_module *input) {
    size_t length = strlen(name) + 1;
    if (input->bytes == NULL) {
        return;
    }
    uint32_t *module = tag_add(at, MULTIBOOT_TAG_MODULE, 2 * sizeof(uint32_t) + length);
    module[0] = (uint32_t)(uintptr_t)input->bytes;
    module[1] = module[0] + input->size;
    memcpy(module + 2, name, length);
}

const void *input_block(const struct input *input) {
    size_t length = strlen(input->command) + 1;
    struct multiboot_block *block = machine_memory(4096 + length + input->map_count * sizeof(struct multiboot_memory));
    uint8_t *at = (uint8_t *)(block + 1);
    memcpy(tag_add(&at, MULTIBOOT_TAG_COMMAND, length), input->command, length);
    map_add(&at, input);
    rsdp_write(tag_add(&at, MULTIBOOT_TAG_RSDP_NEW, sizeof(struct acpi_rsdp)), root_table(input));
    module_add(&at, "layout", &input->layout);
    module_add(&at, "kernel", &input->kernel);
    module_add(&at, "root", &input->root);
    tag_add(&at, MULTIBOOT_TAG_END, 0);
    block->size = (uint32_t)(at - (uint8_t *)block);
    return block;
}
