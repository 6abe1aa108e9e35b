/* SPDX-License-Identifier: MIT
 *
 * Lines on the console. See print.h.
 */
#include "print.h"
#include "x86/serial.h"
#include <r4/format.h>
#include <x86/instructions.h>

#define PRINT_LINE_SIZE 256U

static void print_list(const char *text, va_list arguments) {
    char line[PRINT_LINE_SIZE];
    format_list(line, sizeof(line), text, arguments);
    serial_write(line);
}

/* Three functions take such arguments: they differ in what is before and after the text. */
#define PRINT_ARGUMENTS(text)                                                                                          \
    do {                                                                                                               \
        va_list arguments;                                                                                             \
        va_start(arguments, text);                                                                                     \
        print_list(text, arguments);                                                                                   \
        va_end(arguments);                                                                                             \
    } while (0)

void boot_begin(const char *text, ...) {
    serial_write("[boot] ");
    PRINT_ARGUMENTS(text);
}

void boot_piece(const char *text, ...) { PRINT_ARGUMENTS(text); }

void boot_end(void) { serial_write("\n"); }

void boot_print(const char *text, ...) {
    serial_write("[boot] ");
    PRINT_ARGUMENTS(text);
    boot_end();
}

void boot_stop(const char *text, ...) {
    serial_write("[boot] stop: ");
    PRINT_ARGUMENTS(text);
    boot_end();
    x86_out32(BOOT_EXIT_PORT, BOOT_EXIT_STOP);
    for (;;) {
        x86_cli();
        x86_hlt();
    }
}

void contract_failed(const char *condition, const char *file, int line) {
    boot_stop("%s:%d: a mistake of the coordinator: not %s", file, line, condition);
}
