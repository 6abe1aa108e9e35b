/* SPDX-License-Identifier: MIT
 *
 * The console: a serial port (16550), which the coordinator has set up, or none. Polled: log lines are few, and a dying
 * kernel must be able to print.
 */
#include "cluster/addresses.h"

#define CONSOLE_STATUS 5U   /* register; the data register is the first one */
#define CONSOLE_EMPTY  0x20 /* the holding register takes a byte */
#define CONSOLE_ROUNDS 100000U

/* If the port does not become free, the wait is bounded and the byte may be lost. */
static void console_put(uint16_t port, char byte) {
    for (uint32_t i = 0; i < CONSOLE_ROUNDS; i++) {
        if ((x86_in8((uint16_t)(port + CONSOLE_STATUS)) & CONSOLE_EMPTY) != 0) {
            break;
        }
        machine_relax();
    }
    x86_out8(port, (uint8_t)byte);
}

void machine_console_write(const char *text, size_t length) {
    uint16_t port = (uint16_t)boot_info()->console_port;
    for (size_t i = 0; port != 0 && i < length; i++) {
        console_put(port, text[i]);
    }
}
