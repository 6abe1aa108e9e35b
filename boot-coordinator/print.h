/* SPDX-License-Identifier: MIT
 *
 * What the coordinator prints: one fact per line, each line with the prefix "[boot] ". People and the boot tests read
 * it.
 */
#ifndef R4_BOOT_PRINT_H
#define R4_BOOT_PRINT_H

#include <r4/types.h>

/* One line; the text has no newline. Directives as in r4/format.h. */
void boot_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* A line in pieces: begin, any number of pieces, end. */
void boot_begin(const char *text, ...) __attribute__((format(printf, 1, 2)));
void boot_piece(const char *text, ...) __attribute__((format(printf, 1, 2)));
void boot_end(void);

/* Prints "[boot] stop: " and the reason, ends the emulator with BOOT_EXIT_STOP if there is one, and halts. */
_Noreturn void boot_stop(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Stops the boot if the coordinator itself has made a mistake; always compiled. What comes from outside is refused
 * instead: r4/refusal.h. */
#define BOOT_ASSERT(condition)                                                                                         \
    ((condition) ? (void)0                                                                                             \
                 : boot_stop("%s:%u: a mistake of the coordinator: not %s", __FILE__, (unsigned)__LINE__, #condition))

#define BOOT_EXIT_PORT 0xf4U /* QEMU's isa-debug-exit */
#define BOOT_EXIT_STOP 0x21U

#endif
