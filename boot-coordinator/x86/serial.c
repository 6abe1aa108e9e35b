/* SPDX-License-Identifier: MIT
 *
 * COM1. Source: PC16550D data sheet, section 8.
 */
#include "serial.h"
#include <x86/instructions.h>

#define SERIAL_PORT       0x3f8U
#define SERIAL_DATA       (SERIAL_PORT + 0)
#define SERIAL_INTERRUPTS (SERIAL_PORT + 1)
#define SERIAL_FIFO       (SERIAL_PORT + 2)
#define SERIAL_LINE       (SERIAL_PORT + 3)
#define SERIAL_MODEM      (SERIAL_PORT + 4)
#define SERIAL_STATUS     (SERIAL_PORT + 5)
#define SERIAL_DIVISOR    0x80U /* in the line register: the first two ports are the divisor */
#define SERIAL_8N1        0x03U
#define SERIAL_EMPTY      0x20U    /* in the status register: the transmitter takes a byte */
#define SERIAL_PATIENCE   1000000U /* turns; a machine without COM1 must boot all the same */

void serial_open(void) {
    x86_out8(SERIAL_INTERRUPTS, 0);
    x86_out8(SERIAL_LINE, SERIAL_DIVISOR);
    x86_out8(SERIAL_DATA, 1); /* 115200 / 1 */
    x86_out8(SERIAL_INTERRUPTS, 0);
    x86_out8(SERIAL_LINE, SERIAL_8N1);
    x86_out8(SERIAL_FIFO, 0x07);  /* on, emptied */
    x86_out8(SERIAL_MODEM, 0x03); /* DTR, RTS */
}

void serial_write(const char *text) {
    for (; *text != 0; text++) {
        for (uint32_t turn = 0; turn < SERIAL_PATIENCE && !(x86_in8(SERIAL_STATUS) & SERIAL_EMPTY); turn++) {
            x86_pause();
        }
        x86_out8(SERIAL_DATA, (uint8_t)*text);
    }
}
