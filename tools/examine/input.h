/* SPDX-License-Identifier: MIT
 *
 * What the host program is given: two files, and on its standard input records of a machine, in any order. Of those
 * that may be there once the last counts. All numbers are little endian.
 */
#ifndef R4_EXAMINE_INPUT_H
#define R4_EXAMINE_INPUT_H

#include <r4/types.h>

#define INPUT_SIZE_MAX   (256U << 20)
#define INPUT_FILE_MAX   (32U << 20)
#define INPUT_TABLES_MAX 256U

enum input_kind { INPUT_TABLE = 1, INPUT_MAP, INPUT_LAYOUT, INPUT_COMMAND, INPUT_BOOT_CORE };

struct input_record { /* `size` bytes follow, then zeros up to a multiple of 8 */
    uint32_t kind;    /* enum input_kind */
    uint32_t size;
};
R4_SIZE(struct input_record, 8);

struct input_map { /* what an INPUT_MAP is made of */
    uint64_t base;
    uint64_t end;
    uint64_t type; /* of multiboot2 and e820 */
};
R4_SIZE(struct input_map, 24);

struct input_module {
    const void *bytes; /* null: there is none */
    uint32_t size;
};

struct input {
    const void *tables[INPUT_TABLES_MAX]; /* ACPI tables with their headers */
    uint32_t table_count;
    const struct input_map *map;
    uint32_t map_count;
    struct input_module layout;
    struct input_module kernel;
    struct input_module root;
    const char *command; /* zero-terminated */
    uint32_t boot_core;
};

/* Reads the standard input to its end. False: it is no list of records, or too long. */
bool input_read(struct input *input);

/* Maps a file at an address that fits into 31 bits. False: that cannot be done, or it is too long. */
bool input_file(const char *path, struct input_module *module);

/* The machine as a boot loader would hand it over: a multiboot2 information block with command line, memory map, root
 * pointer (whose tables are the input's), and layout, kernel and root task as modules. */
const void *input_block(const struct input *input);

#endif
