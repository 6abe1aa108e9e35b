/* SPDX-License-Identifier: MIT
 *
 * The four memory functions that compilers call by themselves, and a few functions on zero-terminated text. Bytes only,
 * no locale, no allocation.
 */
#ifndef R4_STRING_H
#define R4_STRING_H

#include <r4/types.h>

/* As in C11 7.24: memcpy's ranges do not overlap, memmove's may; memcmp compares bytes as unsigned. */
void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

/* Bytes before the terminating zero. */
size_t string_length(const char *text);

bool string_equal(const char *left, const char *right);

/* True if `text` begins with all of `prefix`. */
bool string_starts(const char *text, const char *prefix);

/* Copies as much of `source` as fits into `size` bytes with the terminating zero (size at least 1). False if it was
 * cut. */
bool string_copy(char *target, size_t size, const char *source);

/* Looks for `key=value` among the words of `line`, which have blanks between them, and copies the value of the last one
 * into `out` (size bytes, cut to fit, always terminated; size at least 1). False, and an empty `out`, if there is none.
 */
bool string_option(const char *line, const char *key, char *out, size_t size);

/* True if `word` is among the words of `line`, which have blanks between them. */
bool string_word(const char *line, const char *word);

/* Reads a number, decimal or hexadecimal after 0x (small letters), modulo 2^64. Returns the first character
 * after it, or null if there is no digit. */
const char *string_number(const char *text, uint64_t *value);

#endif
