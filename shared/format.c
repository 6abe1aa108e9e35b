/* SPDX-License-Identifier: MIT
 *
 * Text formatting without a C library. One directive at a time: read it, turn its argument into a run of bytes, pad,
 * put.
 */
#include <r4/format.h>
#include <r4/string.h>

#define DIGITS_MAX 24U   /* of the longest 64-bit number, with its sign */
#define WIDTH_MAX  1000U /* a larger width counts as this: no width overflows */

struct output {
    char *at;
    size_t room; /* bytes that still fit before the terminating zero */
};

struct directive {
    bool left;  /* pad to the right */
    bool zeros; /* pad with zeros */
    bool is_long;
    size_t width;
    char kind;
};

static void put_char(struct output *output, char c) {
    if (output->room > 0) {
        *output->at++ = c;
        output->room--;
    }
}

static void put_padding(struct output *output, char c, size_t count) {
    for (; count > 0 && output->room > 0; count--) {
        put_char(output, c);
    }
}

static void put_run(struct output *output, const struct directive *directive, const char *run, size_t length) {
    size_t padding = directive->width > length ? directive->width - length : 0;
    if (!directive->left && directive->zeros) {
        if (length > 0 && *run == '-') { /* the sign comes before the zeros */
            put_char(output, *run++);
            length--;
        }
        put_padding(output, '0', padding);
    } else if (!directive->left) {
        put_padding(output, ' ', padding);
    }
    for (size_t i = 0; i < length; i++) {
        put_char(output, run[i]);
    }
    if (directive->left) {
        put_padding(output, ' ', padding);
    }
}

static void put_number(struct output *output, const struct directive *directive, uint64_t value, bool negative) {
    char digits[DIGITS_MAX];
    size_t first = DIGITS_MAX;
    unsigned base = directive->kind == 'x' ? 16 : 10;
    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    if (negative) {
        digits[--first] = '-';
    }
    put_run(output, directive, digits + first, DIGITS_MAX - first);
}

/* Reads the directive after a '%'; returns the first byte after the directive. */
static const char *directive_read(const char *text, struct directive *directive) {
    *directive = (struct directive){0};
    for (; *text == '-' || *text == '0'; text++) {
        directive->left |= *text == '-';
        directive->zeros |= *text == '0';
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        size_t width = directive->width * 10 + (size_t)(*text - '0');
        directive->width = width < WIDTH_MAX ? width : WIDTH_MAX;
    }
    if (*text == 'l') {
        directive->is_long = true;
        text++;
    }
    directive->kind = *text;
    return *text == '\0' ? text : text + 1;
}

static size_t output_end(struct output *output, const char *start) {
    *output->at = '\0';
    return (size_t)(output->at - start);
}

size_t format_list(char *out, size_t size, const char *text, va_list arguments) {
    if (size == 0) {
        return 0;
    }
    struct output output = {out, size - 1};
    while (*text != '\0') {
        struct directive directive;
        if (*text != '%') {
            put_char(&output, *text++);
            continue;
        }
        const char *start = text;
        text = directive_read(text + 1, &directive);
        if (directive.kind == 's') {
            const char *string = va_arg(arguments, const char *);
            string = string == NULL ? "(null)" : string;
            put_run(&output, &directive, string, string_length(string));
        } else if (directive.kind == 'c') {
            char c = (char)va_arg(arguments, int);
            put_run(&output, &directive, &c, 1);
        } else if (directive.kind == 'd') {
            int64_t value = directive.is_long ? va_arg(arguments, long) : va_arg(arguments, int);
            put_number(&output, &directive, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
        } else if (directive.kind == 'u' || directive.kind == 'x') {
            uint64_t value = directive.is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
            put_number(&output, &directive, value, false);
        } else if (directive.kind == '%') {
            put_char(&output, '%');
        } else {
            put_run(&output, &(struct directive){0}, start, (size_t)(text - start));
        }
    }
    return output_end(&output, out);
}

size_t format(char *out, size_t size, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    size_t length = format_list(out, size, text, arguments);
    va_end(arguments);
    return length;
}
