/* SPDX-License-Identifier: MIT
 *
 * Lines are put together on the stack and handed to the console whole.
 */
#include "diag/log.h"
#include "cluster/addresses.h"
#include "diag/console.h"
#include <r4/format.h>

static size_t kernel_line(char line[LOG_LINE], const char *text, va_list arguments) {
    size_t length = format(line, LOG_LINE, "[c%u] kernel: ", this_cluster());
    return length + format_list(line + length, LOG_LINE - length, text, arguments);
}

void log_line(const char *text, ...) {
    char line[LOG_LINE];
    va_list arguments;
    va_start(arguments, text);
    console_line(line, kernel_line(line, text, arguments));
    va_end(arguments);
}

void log_last_words(const char *text, ...) {
    char line[LOG_LINE];
    va_list arguments;
    va_start(arguments, text);
    console_last_words(line, kernel_line(line, text, arguments));
    va_end(arguments);
}

void log_end(const char *text, ...) {
    char line[LOG_LINE];
    va_list arguments;
    size_t length = format(line, sizeof(line), "[r4] ");
    va_start(arguments, text);
    length += format_list(line + length, sizeof(line) - length, text, arguments);
    va_end(arguments);
    console_last_words(line, length);
}

void log_user_line(const char *text, uint32_t length) {
    char line[LOG_LINE];
    size_t prefix = format(line, sizeof(line), "[c%u] ", this_cluster());
#pragma GCC unroll 8
    for (uint32_t i = 0; i < length; i++) {
        line[prefix + i] = text[i];
    }
    console_line(line, prefix + length);
}
