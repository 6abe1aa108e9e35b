/* SPDX-License-Identifier: MIT
 *
 * Formatted text on the console.
 */
#include "lib/print.h"
#include "lib/debug.h"
#include "lib/x86/clock.h"
#include <r4/format.h>
#include <r4/string.h>

#define PRINT_TURN_US 100U /* between two attempts to write into a full log */

void print(const char *text, ...) {
    char line[PRINT_LINE + 1];
    va_list arguments;
    va_start(arguments, text);
    size_t length = format_list(line, sizeof(line) - 1, text, arguments);
    va_end(arguments);
    line[length++] = '\n';
    for (size_t at = 0; at < length; at += R4_DEBUG_WRITE_MAX) {
        size_t left = length - at;
        size_t count = left < R4_DEBUG_WRITE_MAX ? left : R4_DEBUG_WRITE_MAX;
        while (r4_debug_write(r4_debug(), line + at, count) == R4_ERR_FULL) {
            r4_spin_us(PRINT_TURN_US); /* the kernel ends this: by room, or by giving the line up */
        }
    }
}

void print_unknown_begin(struct print_unknown *list, const char *kind, const char *name) {
    list->length = format(list->line, sizeof(list->line), "no %s is called '%s':", kind, name);
    list->any = false;
}

void print_unknown_add(struct print_unknown *list, const char *name) {
    if (list->any) {
        list->length += format(list->line + list->length, sizeof(list->line) - list->length, ",");
    }
    if (list->length + string_length(name) + 2 >= PRINT_LINE) { /* with the blank and a comma */
        print("%s", list->line);
        list->length = 0;
    }
    list->length += format(list->line + list->length, sizeof(list->line) - list->length, " %s", name);
    list->any = true;
}

void print_unknown_end(struct print_unknown *list) { print("%s", list->line); }

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
