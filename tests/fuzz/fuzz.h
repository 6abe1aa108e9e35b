/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A target fuzz_X.c feeds bytes to one parser, under ASan and UBSan, and then compares
 * the parser's answer with what its header promises: FUZZ_CHECK ends the process when a promise is broken, and
 * libFuzzer keeps the input. A buffer is exactly as long as the parser is told, so the sanitizer sees each byte read
 * after its end.
 */
#ifndef R4_TESTS_FUZZ_H
#define R4_TESTS_FUZZ_H

#include "core/acpi.h"
#include "core/ranges.h"
#include <r4/contract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's side: it calls the first two, we call the third. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

#define FUZZ_CHECK(condition) fuzz_check(condition, #condition, __FILE__, __LINE__)

static inline void fuzz_check(bool condition, const char *text, const char *file, int line) {
    if (!condition) {
        fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, text);
        abort();
    }
}

/* A broken contract of the code under test. */
_Noreturn void contract_failed(const char *condition, const char *file, int line) {
    fuzz_check(false, condition, file, line);
    abort();
}

/* A copy of its own, 16-byte aligned as malloc's are; to be freed. */
static inline void *fuzz_copy(const void *data, size_t size) {
    void *copy = malloc(size);
    memcpy(copy, data, size);
    return copy;
}

/* Makes `size` bytes add up to 0 by the byte at `at`. */
static inline void fuzz_sum(uint8_t *bytes, size_t size, size_t at) {
    uint8_t sum = 0;
    bytes[at] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)-sum;
}

/* The bytes as a table whose length is good, as the readers of single tables want it; null: shorter than a header. */
static inline struct acpi_header *fuzz_table(const uint8_t *data, size_t size) {
    if (size < sizeof(struct acpi_header)) {
        return NULL;
    }
    struct acpi_header *table = fuzz_copy(data, size);
    table->length = (uint32_t)size;
    return table;
}

/* Notes to write into: empty. */
static inline struct notes *fuzz_notes(void) {
    static struct notes notes;
    notes.count = 0;
    return &notes;
}

/* True if no entry follows: the table ends here, or what is left is one byte or zeros. */
static inline bool fuzz_entries_end(const uint8_t *bytes, uint32_t at, uint32_t size) {
    uint32_t zeros = 0;
    while (at + zeros < size && bytes[at + zeros] == 0) {
        zeros++;
    }
    return at + 1 >= size || at + zeros == size;
}

/* A refusal is a sentence. Returns `good`. */
static inline bool fuzz_good(bool good, const struct refusal *why) {
    if (!good) {
        size_t length = strnlen(why->text, sizeof(why->text));
        FUZZ_CHECK(length > 0 && length < sizeof(why->text));
    }
    return good;
}

/* A refused table and entry are named, and a table has fewer entries than bytes. Returns `good`. */
static inline bool fuzz_table_good(bool good, const struct acpi_header *table, const struct refusal *why) {
    static const char front[] = "ACPI table ";
    if (!fuzz_good(good, why)) {
        const char *name = why->text + sizeof(front) - 1;
        size_t length = strnlen(table->signature, sizeof(table->signature));
        unsigned entry = 0;
        FUZZ_CHECK(memcmp(why->text, front, sizeof(front) - 1) == 0);
        FUZZ_CHECK(memcmp(name, table->signature, length) == 0);
        FUZZ_CHECK(name[length] == ':' || sscanf(name + length, ", entry %u: ", &entry) == 1);
        FUZZ_CHECK(entry < table->length);
    }
    return good;
}

/* Little-endian numbers at any address: how the targets read a table a second time. */
static inline uint16_t fuzz_read16(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t fuzz_read32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t fuzz_read64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* Sets are disjoint, ascending, without empty ranges, neighbours merged. */
static inline void fuzz_ranges(const struct ranges *set) {
    FUZZ_CHECK(set->count <= RANGES_MAX);
    for (uint32_t i = 0; i < set->count; i++) {
        FUZZ_CHECK(set->list[i].base < set->list[i].end);
        FUZZ_CHECK(i == 0 || set->list[i - 1].end < set->list[i].base);
    }
}

/* A change that keeps all else in its place, for files that are full of offsets: three times of four one 8-byte word.
 */
static inline size_t fuzz_mutate_word(uint8_t *data, size_t size, size_t max, unsigned seed) {
    if (size < 8 || seed % 4 == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }
    LLVMFuzzerMutate(data + seed / 4 % (size / 8) * 8, 8, 8);
    return size;
}

/* The next number of a script of bytes, 0 after its end. */
struct fuzz_script {
    const uint8_t *at;
    const uint8_t *end;
};

static inline uint64_t fuzz_next(struct fuzz_script *script, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && script->at < script->end; i++) {
        value |= (uint64_t)*script->at++ << (8 * i);
    }
    return value;
}

#endif
