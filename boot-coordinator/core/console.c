/* SPDX-License-Identifier: MIT
 *
 * The word serial= of the command line. See console.h.
 */
#include "console.h"
#include <r4/string.h>

#define CONSOLE_PORT_MAX 0xfff8U /* a 16550 has eight ports */
#define CONSOLE_TEXT     32U

/* `text` is PORT or PORT,BAUD. */
static bool settings_read(const char *text, struct console *out, struct refusal *why) {
    uint64_t port = 0;
    uint64_t baud = CONSOLE_BAUD;
    const char *end = string_number(text, &port);
    if (end == NULL || port == 0 || port > CONSOLE_PORT_MAX) {
        return refuse(why, "serial= names no I/O port: COM1 is used");
    }
    if (*end == ',') {
        end = string_number(end + 1, &baud);
    }
    if (end == NULL || *end != 0) {
        return refuse(why, "serial= is not none, PORT or PORT,BAUD: COM1 is used");
    }
    if (baud == 0 || CONSOLE_BAUD % baud != 0 || CONSOLE_BAUD / baud > UINT16_MAX) {
        return refuse(why, "serial= has a rate that does not divide %u: COM1 is used", CONSOLE_BAUD);
    }
    *out = (struct console){.port = (uint16_t)port, .divisor = (uint16_t)(CONSOLE_BAUD / baud)};
    return true;
}

bool console_read(const char *command, struct console *out, struct refusal *why) {
    char text[CONSOLE_TEXT];
    *out = (struct console){.port = CONSOLE_PORT, .divisor = 1};
    if (!string_option(command, "serial", text, sizeof(text))) {
        return true;
    }
    if (string_equal(text, "none")) {
        out->port = 0;
        return true;
    }
    return settings_read(text, out, why);
}
