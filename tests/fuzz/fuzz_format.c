/* SPDX-License-Identifier: MIT
 *
 * format: input = size of the answer, then directives to be made up, each compared with snprintf; what is left is a
 * text of its own with any bytes in it.
 */
#include "fuzz.h"
#include <r4/format.h>

#define DIRECTIVES_MAX 8U
#define TEXT_MAX       40U

struct directive {
    char text[TEXT_MAX];
    char kind;
    bool is_long;
};

/* A directive that both know: flags, width, `l`, kind. */
static void directive_make(struct fuzz_script *script, struct directive *directive) {
    unsigned flags = (unsigned)fuzz_next(script, 1);
    unsigned width = (unsigned)fuzz_next(script, 1);
    directive->kind = "scdux%sd"[flags >> 2 & 7];
    directive->is_long = (flags & 32) && strchr("dux", directive->kind) != NULL;
    bool number = strchr("dux", directive->kind) != NULL;
    bool plain = directive->kind == '%';
    char digits[8] = "";
    if (!plain && width != 0) {
        snprintf(digits, sizeof(digits), "%u", width);
    }
    /* C leaves 0 before s and c, and both flags together, undefined or different */
    const char *flag = plain ? "" : (flags & 1) ? "-" : (flags & 2) && number ? "0" : "";
    snprintf(directive->text, TEXT_MAX, "<%%%s%s%s%c>", flag, digits, directive->is_long ? "l" : "", directive->kind);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static void directive_check(struct fuzz_script *script, const struct directive *directive, size_t size) {
    char expected[512];
    uint64_t value = fuzz_next(script, 8);
    char string[9] = "";
    char *out = malloc(size);
    size_t length;
    int whole;
    memcpy(string, &value, sizeof(value));
    if (directive->kind == 's') {
        length = format(out, size, directive->text, string);
        whole = snprintf(expected, sizeof(expected), directive->text, string);
    } else if (directive->is_long) {
        length = format(out, size, directive->text, value);
        whole = snprintf(expected, sizeof(expected), directive->text, value);
    } else {
        length = format(out, size, directive->text, (unsigned)value);
        whole = snprintf(expected, sizeof(expected), directive->text, (unsigned)value);
    }
    FUZZ_CHECK(whole > 0 && (size_t)whole < sizeof(expected));
    FUZZ_CHECK(length == (size == 0 ? 0 : (size_t)whole < size ? (size_t)whole : size - 1));
    FUZZ_CHECK(size == 0 || (memcmp(out, expected, length) == 0 && out[length] == '\0'));
    free(out);
}

/* Every directive gets a pointer to a text: as a number that is just some number. */
static void text_check(const uint8_t *data, size_t size, size_t out_size) {
    char *out = malloc(out_size);
    char *text = malloc(size + 1);
    size_t percents = 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *at = text; *at != '\0'; at++) {
        percents += *at == '%';
        *at = percents > DIRECTIVES_MAX ? '\0' : *at;
    }
    size_t length = format(out, out_size, text, "a", "b", "c", "d", "e", "f", "g", "h");
    FUZZ_CHECK(out_size == 0 ? length == 0 : length < out_size && out[length] == '\0');
    free(text);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_script script = {data, data + size};
    size_t out_size = fuzz_next(&script, 1) % 128;
    for (unsigned i = (unsigned)fuzz_next(&script, 1) % DIRECTIVES_MAX; i > 0; i--) {
        struct directive directive;
        directive_make(&script, &directive);
        directive_check(&script, &directive, out_size);
    }
    text_check(script.at, (size_t)(script.end - script.at), out_size);
    return 0;
}
