/* SPDX-License-Identifier: MIT
 *
 * Refusals. See refusal.h.
 */
#include <r4/format.h>
#include <r4/refusal.h>
#include <r4/string.h>

bool refuse(struct refusal *why, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    format_list(why->text, sizeof(why->text), text, arguments);
    va_end(arguments);
    return false;
}

bool refuse_about(struct refusal *why, const char *text, ...) {
    struct refusal sentence = *why;
    va_list arguments;
    va_start(arguments, text);
    size_t length = format_list(why->text, sizeof(why->text), text, arguments);
    va_end(arguments);
    string_copy(why->text + length, sizeof(why->text) - length, sentence.text);
    return false;
}
