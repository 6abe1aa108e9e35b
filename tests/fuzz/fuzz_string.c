/* SPDX-License-Identifier: MIT
 *
 * string_option, string_number, string_copy: input = size of the answer (one byte), key, zero, line. Compared with the
 * same rules written with the C library.
 */
#include "fuzz.h"
#include <r4/string.h>

/* The value of the last word `key=…`, as string_option's contract has it; null: none. Writes into `line`. */
static const char *option_expect(char *line, const char *key) {
    const char *value = NULL;
    char *rest = line;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (strncmp(word, key, strlen(key)) == 0 && word[strlen(key)] == '=') {
            value = word + strlen(key) + 1;
        }
    }
    return value;
}

static void option_check(char *line, const char *key, size_t size) {
    char *out = malloc(size);
    bool found = string_option(line, key, out, size);
    const char *expected = option_expect(line, key);
    FUZZ_CHECK(found == (expected != NULL));
    expected = expected == NULL ? "" : expected;
    size_t length = strlen(expected) < size ? strlen(expected) : size - 1;
    FUZZ_CHECK(strlen(out) == length && memcmp(out, expected, length) == 0);
    free(out);
}

static void number_check(const char *text) {
    uint64_t value = 1;
    const char *end = string_number(text, &value);
    bool hexadecimal = strncmp(text, "0x", 2) == 0;
    size_t length = strspn(text + (hexadecimal ? 2 : 0), hexadecimal ? "0123456789abcdef" : "0123456789");
    FUZZ_CHECK(end == (length == 0 ? NULL : text + length + (hexadecimal ? 2 : 0)));
    if (length != 0 && length < 16) { /* no overflow: the C library agrees */
        FUZZ_CHECK(value == strtoull(text, NULL, hexadecimal ? 16 : 10) ||
                   text[length + (hexadecimal ? 2 : 0)] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    size_t out_size = (size_t)data[0] % 32 + 1;
    char *key = malloc(size); /* all but the first byte, and a zero */
    memcpy(key, data + 1, size - 1);
    key[size - 1] = '\0';
    size_t key_length = strlen(key);
    if (key_length + 1 < size && strchr(key, ' ') == NULL) { /* keys are words */
        char *line = strdup(key + key_length + 1);
        number_check(line);
        option_check(line, key, out_size);
        free(line);
    }
    free(key);
    return 0;
}
