/* SPDX-License-Identifier: MIT
 *
 * What the coordinator says on COM1: one fact per line, each line with the prefix "[boot] ", read by people and by the
 * boot tests.
 */
#ifndef R4_BOOT_PRINT_H
#define R4_BOOT_PRINT_H

#include "core/acpi.h"

/* One line; the text has no newline. Directives as in r4/format.h. */
void boot_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* A line in pieces: begin, any number of pieces, end. */
void boot_begin(const char *text, ...) __attribute__((format(printf, 1, 2)));
void boot_piece(const char *text, ...) __attribute__((format(printf, 1, 2)));
void boot_end(void);

/* Prints "[boot] stop: " and the reason, ends the emulator with BOOT_EXIT_STOP if there is one, and halts. */
_Noreturn void boot_stop(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* False if a table was refused, and says which one, which entry, why. */
bool boot_warn_on(struct acpi_fault fault);

/* Stops if a table was refused, and says the same. */
void boot_stop_on(struct acpi_fault fault);

#define BOOT_EXIT_PORT 0xf4U /* QEMU's isa-debug-exit */
#define BOOT_EXIT_STOP 0x21U

#endif
