/* SPDX-License-Identifier: MIT
 *
 * The serial console: a 16550, 8N1, polled. Only the boot processor writes.
 */
#ifndef R4_BOOT_SERIAL_H
#define R4_BOOT_SERIAL_H

#include "core/console.h"

/* Sets the port up. If there is none, what is written is lost. */
void serial_open(const struct console *console);

void serial_write(const char *text);

#endif
