/* SPDX-License-Identifier: MIT
 *
 * The console: the first serial port (16550), which the coordinator has set up. Polled: log lines are few, and a dying
 * kernel must be able to print.
 */
#include "machine.h"

#define CONSOLE_DATA   0x3f8
#define CONSOLE_STATUS 0x3fd
#define CONSOLE_EMPTY  0x20 /* the holding register takes a byte */
#define CONSOLE_ROUNDS 100000U

/* A port that does not drain costs a bounded wait, then the byte. */
static void console_put(char byte) {
    for (uint32_t i = 0; i < CONSOLE_ROUNDS && (x86_in8(CONSOLE_STATUS) & CONSOLE_EMPTY) == 0; i++) {
        machine_relax();
    }
    x86_out8(CONSOLE_DATA, (uint8_t)byte);
}

void machine_console_write(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        console_put(text[i]);
    }
}
