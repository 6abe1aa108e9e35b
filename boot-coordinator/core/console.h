/* SPDX-License-Identifier: MIT
 *
 * The serial port that R4 prints on, as the command line says: `serial=PORT`, `serial=PORT,BAUD` or `serial=none`;
 * without the word COM1 at 115200. PORT is the I/O address of a 16550 (0x3f8, 0x2f8, ...), BAUD divides 115200.
 */
#ifndef R4_BOOT_CONSOLE_H
#define R4_BOOT_CONSOLE_H

#include <r4/refusal.h>

#define CONSOLE_PORT 0x3f8U  /* COM1 */
#define CONSOLE_BAUD 115200U /* the highest rate: divisor 1 */

struct console {
    uint16_t port; /* 0: none */
    uint16_t divisor;
};

/* Reads the settings. If they are refused, *out is COM1 at 115200. */
bool console_read(const char *command, struct console *out, struct refusal *why);

#endif
