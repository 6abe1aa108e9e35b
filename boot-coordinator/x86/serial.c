/* SPDX-License-Identifier: MIT
 *
 * A 16550. Source: PC16550D data sheet, section 8.
 */
#include "serial.h"
#include <x86/instructions.h>

/* Registers, counted from the port. */
#define SERIAL_DATA       0U
#define SERIAL_INTERRUPTS 1U
#define SERIAL_FIFO       2U
#define SERIAL_LINE       3U
#define SERIAL_MODEM      4U
#define SERIAL_STATUS     5U
#define SERIAL_DIVISOR    0x80U /* in the line register: the first two ports are the divisor */
#define SERIAL_8N1        0x03U
#define SERIAL_EMPTY      0x20U    /* in the status register: the transmitter takes a byte */
#define SERIAL_PATIENCE   1000000U /* turns; a machine without the port must boot, too */

static uint16_t port; /* 0: none */

static void register_write(uint32_t number, uint32_t value) { x86_out8((uint16_t)(port + number), (uint8_t)value); }

void serial_open(const struct console *console) {
    port = console->port;
    if (port == 0) {
        return;
    }
    register_write(SERIAL_INTERRUPTS, 0);
    register_write(SERIAL_LINE, SERIAL_DIVISOR);
    register_write(SERIAL_DATA, console->divisor & 0xff);
    register_write(SERIAL_INTERRUPTS, console->divisor >> 8);
    register_write(SERIAL_LINE, SERIAL_8N1);
    register_write(SERIAL_FIFO, 0x07);  /* on, emptied */
    register_write(SERIAL_MODEM, 0x03); /* DTR, RTS */
}

void serial_write(const char *text) {
    for (; port != 0 && *text != 0; text++) {
        for (uint32_t turn = 0; turn < SERIAL_PATIENCE; turn++) {
            if (x86_in8((uint16_t)(port + SERIAL_STATUS)) & SERIAL_EMPTY) {
                break;
            }
            x86_pause();
        }
        register_write(SERIAL_DATA, (uint8_t)*text);
    }
}
