/* SPDX-License-Identifier: MIT
 *
 * ACPI tables for the host tests: good ones made by iasl from tests/host/acpi/, of which a test spoils a copy. A copy
 * is exactly as long as the table, so the sanitizer sees each byte that is read after its end.
 */
#ifndef R4_TESTS_ACPI_FIXTURE_H
#define R4_TESTS_ACPI_FIXTURE_H

#include "core/acpi.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURE_NO_ENTRY 0xffffffffU /* the whole table is refused */

/* Memory that lasts until the test's process ends. The leak checker finds it through the list. */
static inline void *fixture_new(size_t size) {
    static struct kept {
        struct kept *next;
        void *bytes;
    } * all;
    struct kept *kept = malloc(sizeof(*kept));
    *kept = (struct kept){.next = all, .bytes = malloc(size)};
    all = kept;
    return kept->bytes;
}

/* Makes the bytes add up to 0 again after a test has changed some. */
static inline void fixture_seal(struct acpi_header *table) {
    const uint8_t *bytes = (const uint8_t *)table;
    uint8_t sum = 0;
    table->checksum = 0;
    for (uint32_t i = 0; i < table->length; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    table->checksum = (uint8_t)-sum;
}

/* The table build/host/acpi/NAME.aml. */
static inline struct acpi_header *fixture_load(const char *name) {
    char path[128];
    snprintf(path, sizeof(path), "build/host/acpi/%s.aml", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing: make check", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    struct acpi_header *table = fixture_new(size);
    ck_assert_uint_eq(fread(table, 1, size, file), size);
    fclose(file);
    ck_assert_uint_eq(table->length, size);
    return table;
}

/* A copy that is cut to `length` bytes and says so. */
static inline struct acpi_header *fixture_cut(const struct acpi_header *table, uint32_t length) {
    struct acpi_header *copy = fixture_new(length);
    memcpy(copy, table, length);
    copy->length = length;
    fixture_seal(copy);
    return copy;
}

/* A copy with `size` more bytes at its end. */
static inline struct acpi_header *fixture_extend(const struct acpi_header *table, const void *bytes, uint32_t size) {
    struct acpi_header *copy = fixture_new(table->length + size);
    memcpy(copy, table, table->length);
    memcpy((uint8_t *)copy + table->length, bytes, size);
    copy->length = table->length + size;
    fixture_seal(copy);
    return copy;
}

/* Why the last table was refused, and what was noted of it. */
static struct refusal why;
static struct notes notes;

/* For a call that writes notes: empty. */
static inline struct notes *fixture_notes(void) {
    notes.count = 0;
    return &notes;
}

/* All that was noted: that line, or nothing if it is null. */
static inline void fixture_expect_note(const char *line) {
    notes_end(&notes);
    ck_assert_msg(notes.count == (line != NULL), "%u notes, the first: %s", notes.count, notes.list[0].line.text);
    if (line != NULL) {
        ck_assert_str_eq(notes.list[0].line.text, line);
    }
}

static inline void fixture_expect(bool good, const char *table, uint32_t entry, const char *text) {
    char sentence[REFUSAL_SIZE];
    ck_assert(!good);
    if (entry == FIXTURE_NO_ENTRY) {
        snprintf(sentence, sizeof(sentence), "ACPI table %s: %s", table, text);
    } else {
        snprintf(sentence, sizeof(sentence), "ACPI table %s, entry %u: %s", table, entry, text);
    }
    ck_assert_str_eq(why.text, sentence);
}

#endif
