/* SPDX-License-Identifier: MIT
 *
 * The console: a serial port (16550), which the coordinator has set up, or none. Without interrupts: a dying kernel
 * must be able to print, and the line of an arbitrary port is not known. Source: National PC16550D data sheet, section
 * 8 (registers).
 */
#include "cluster/addresses.h"

#define CONSOLE_IDENTITY 2U   /* register; the data register is the first one */
#define CONSOLE_FIFOS    0xc0 /* both bits: the FIFOs are on */
#define CONSOLE_STATUS   5U   /* register */
#define CONSOLE_EMPTY    0x20 /* the holding register, or the whole FIFO, is empty */
#define CONSOLE_FIFO     16U  /* bytes */

static uint16_t port_of(uint32_t number) { return (uint16_t)(boot_info()->console_port + number); }

uint32_t machine_console_room(void) {
    static uint32_t room; /* of an empty device; 0: not known yet. Under the cluster lock, or in a panic */
    if (boot_info()->console_port == 0) {
        return CONSOLE_FIFO;
    }
    if (room == 0) {
        room = (x86_in8(port_of(CONSOLE_IDENTITY)) & CONSOLE_FIFOS) == CONSOLE_FIFOS ? CONSOLE_FIFO : 1;
    }
    return (x86_in8(port_of(CONSOLE_STATUS)) & CONSOLE_EMPTY) != 0 ? room : 0;
}

void machine_console_write(const char *text, size_t length) {
    uint16_t port = port_of(0);
    for (size_t i = 0; port != 0 && i < length; i++) {
        x86_out8(port, (uint8_t)text[i]);
    }
}
