/* SPDX-License-Identifier: MIT
 *
 * What the coordinator prints: one fact per line, each line with the prefix "[boot] ". People and the boot tests read
 * it.
 */
#ifndef R4_BOOT_PRINT_H
#define R4_BOOT_PRINT_H

#include <r4/contract.h>
#include <r4/types.h>

/* One line; the text has no newline. Directives as in r4/format.h. */
void boot_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* A line in pieces: begin, any number of pieces, end. */
void boot_begin(const char *text, ...) __attribute__((format(printf, 1, 2)));
void boot_piece(const char *text, ...) __attribute__((format(printf, 1, 2)));
void boot_end(void);

/* Prints "[boot] stop: " and the reason, ends the emulator with BOOT_EXIT_STOP if there is one, and halts. */
_Noreturn void boot_stop(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* A contract of r4/contract.h as the coordinator checks it: always. What comes from outside is refused instead, see
 * r4/refusal.h. */
#define BOOT_ASSERT(condition) ((condition) ? (void)0 : contract_failed(#condition, __FILE_NAME__, __LINE__))

#define BOOT_EXIT_PORT 0xf4U /* QEMU's isa-debug-exit */
#define BOOT_EXIT_STOP 0x21U

#endif
