/* SPDX-License-Identifier: MIT
 *
 * Memory and text functions for code without a C library. Copies go by words of 8 bytes where both sides are aligned to
 * words: what is copied here (sections, pages, messages) nearly always is. memcpy and memset are weak: a machine's own,
 * made of its string instructions, take their place.
 */
#include <r4/string.h>

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD_SIZE sizeof(word_t)

static bool words_fit(const void *left, const void *right) {
    return is_aligned((uintptr_t)left | (uintptr_t)right, WORD_SIZE);
}

__attribute__((weak)) void *memcpy(void *restrict target, const void *restrict source, size_t size) {
    unsigned char *to = target;
    const unsigned char *from = source;
    if (words_fit(to, from)) {
        for (; size >= WORD_SIZE; size -= WORD_SIZE, to += WORD_SIZE, from += WORD_SIZE) {
            *(word_t *)(void *)to = *(const word_t *)(const void *)from;
        }
    }
    for (; size > 0; size--) {
        *to++ = *from++;
    }
    return target;
}

void *memmove(void *target, const void *source, size_t size) {
    unsigned char *to = target;
    const unsigned char *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= size) { /* upwards, nothing is overwritten before it is read */
        for (size_t i = 0; i < size; i++) {
            to[i] = from[i];
        }
    } else {
        for (size_t i = size; i > 0; i--) {
            to[i - 1] = from[i - 1];
        }
    }
    return target;
}

__attribute__((weak)) void *memset(void *target, int value, size_t size) {
    unsigned char *to = target;
    if (words_fit(to, to)) {
        word_t word = (unsigned char)value * 0x0101010101010101ULL;
        for (; size >= WORD_SIZE; size -= WORD_SIZE, to += WORD_SIZE) {
            *(word_t *)(void *)to = word;
        }
    }
    for (; size > 0; size--) {
        *to++ = (unsigned char)value;
    }
    return target;
}

int memcmp(const void *left, const void *right, size_t size) {
    const unsigned char *a = left;
    const unsigned char *b = right;
    for (; size > 0; size--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

size_t string_length(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

bool string_equal(const char *left, const char *right) {
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

bool string_starts(const char *text, const char *prefix) {
    while (*prefix != '\0' && *text == *prefix) {
        text++;
        prefix++;
    }
    return *prefix == '\0';
}

bool string_copy(char *target, size_t size, const char *source) {
    size_t i = 0;
    for (; i + 1 < size && source[i] != '\0'; i++) {
        target[i] = source[i];
    }
    target[i] = '\0';
    return source[i] == '\0';
}

static void word_copy(char *out, size_t size, const char *text) {
    size_t i = 0;
    for (; i + 1 < size && text[i] != '\0' && text[i] != ' '; i++) {
        out[i] = text[i];
    }
    out[i] = '\0';
}

bool string_option(const char *line, const char *key, char *out, size_t size) {
    size_t length = string_length(key);
    bool found = false;
    out[0] = '\0';
    for (const char *at = line; *at != '\0'; at++) {
        bool word_begins = at == line || at[-1] == ' ';
        if (word_begins && string_starts(at, key) && at[length] == '=') {
            word_copy(out, size, at + length + 1);
            found = true;
        }
    }
    return found;
}

bool string_word(const char *line, const char *word) {
    size_t length = string_length(word);
    for (const char *at = line; *at != '\0'; at++) {
        bool word_begins = at == line || at[-1] == ' ';
        if (word_begins && string_starts(at, word) && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* The digit's value, or 16 for a character that is none. */
static uint64_t digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return (uint64_t)(digit - '0');
    }
    return digit >= 'a' && digit <= 'f' ? (uint64_t)(digit - 'a') + 10 : 16;
}

const char *string_number(const char *text, uint64_t *value) {
    uint64_t base = string_starts(text, "0x") ? 16 : 10;
    const char *start = text + (base == 16 ? 2 : 0);
    *value = 0;
    for (text = start; digit_value(*text) < base; text++) {
        *value = *value * base + digit_value(*text);
    }
    return text == start ? NULL : text;
}
