/* SPDX-License-Identifier: MIT
 *
 * Formatted text on the console.
 */
#include "lib/print.h"
#include "lib/debug.h"
#include <r4/format.h>
#include <r4/string.h>

void print(const char *text, ...) {
    char line[PRINT_LINE + 1];
    va_list arguments;
    va_start(arguments, text);
    size_t length = format_list(line, sizeof(line) - 1, text, arguments);
    va_end(arguments);
    line[length++] = '\n';
    for (size_t at = 0; at < length; at += R4_DEBUG_WRITE_MAX) {
        size_t left = length - at;
        r4_debug_write(r4_debug(), line + at, left < R4_DEBUG_WRITE_MAX ? left : R4_DEBUG_WRITE_MAX);
    }
}

void print_unknown(const char *kind, const char *name, const char *(*name_of)(uint32_t index), uint32_t count) {
    char line[PRINT_LINE + 1];
    size_t length = format(line, sizeof(line), "no %s is called '%s':", kind, name);
    for (uint32_t i = 0; i < count; i++) {
        if (length + string_length(name_of(i)) + 2 >= PRINT_LINE) {
            print("%s", line);
            length = 0;
        }
        length += format(line + length, sizeof(line) - length, " %s%s", name_of(i), i + 1 < count ? "," : "");
    }
    print("%s", line);
}

void finish(uint32_t code) {
    for (;;) {
        r4_debug_exit(r4_debug(), code);
    }
}

void fail(enum r4_error error, const char *what) {
    print("failed: %s: %s (%s)", what, r4_error_text(error), r4_error_name(error));
    r4_debug_milestone(r4_debug(), MILESTONE_FAILED);
    finish(error == R4_OK ? 1 : error);
}
