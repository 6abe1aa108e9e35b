/* SPDX-License-Identifier: MIT
 *
 * Checks, and what is left of a case.
 */
#include "suite/test.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/window.h"
#include <r4/format.h>
#include <r4/string.h>

#define KEPT_PAGES 8U

static struct {
    char text[PRINT_LINE];
    bool failed;
} verdict;

static struct {
    uint32_t caps;
    uint32_t proxies;
} window;

static uint32_t arena;
static bool remembering; /* between test_remember() and test_refused() */
static uint64_t remembered;
static struct r4_slot kept[KEPT_PAGES * R4_SLOTS_PER_PAGE]; /* the window before the case */

/* --- checks --- */

static void fail_at(const char *file, uint32_t line, const char *what, const char *more) {
    if (!verdict.failed) {
        verdict.failed = true;
        format(verdict.text, sizeof(verdict.text), "%s:%u: %s%s", file, line, what, more);
    }
}

void test_check(bool good, const char *what, const char *file, uint32_t line) {
    if (!good) {
        fail_at(file, line, "not so: ", what);
    }
}

void test_expect(enum r4_error expected, enum r4_error error, const char *file, uint32_t line) {
    if (error != expected) {
        char text[PRINT_LINE];
        format(text, sizeof(text), "%s, not ", r4_error_name(error));
        fail_at(file, line, text, r4_error_name(expected));
    }
}

static uint64_t page_sum(uint64_t sum, uint32_t page) {
    const volatile uint64_t *words = (const volatile uint64_t *)r4_slot(page * R4_SLOTS_PER_PAGE);
    for (uint32_t i = 0; i < R4_PAGE_SIZE / sizeof(uint64_t); i++) {
        sum = sum * 31 + words[i];
    }
    return sum;
}

static uint64_t window_sum(void) {
    uint64_t sum = page_sum(0, window.proxies);
    for (uint32_t page = 0; page < window.caps; page++) {
        sum = page_sum(sum, page);
    }
    return sum;
}

void test_remember(void) {
    remembering = true;
    remembered = window_sum();
}

void test_changed(void) {
    if (remembering) {
        remembered = window_sum();
    }
}

void test_refused(enum r4_error expected, enum r4_error error, const char *file, uint32_t line) {
    remembering = false;
    test_expect(expected, error, file, line);
    if (window_sum() != remembered) {
        fail_at(file, line, "a refused call has changed the window: ", r4_error_name(error));
    }
}

void test_window_is(uint32_t caps, uint32_t proxies) {
    window.caps = caps;
    window.proxies = proxies;
}

/* --- before and after --- */

void test_begin(void) {
    verdict.failed = false;
    if (slots_pages() > KEPT_PAGES) {
        fail(R4_ERR_FULL, "more cap pages than a case is compared by");
    }
    arena = memory_take(ARENA_LOG2);
    for (uint32_t index = 0; index < slots_pages() * R4_SLOTS_PER_PAGE; index++) {
        kept[index] = r4_slot_read(index);
    }
}

/* True if the slot is as it was. Of an empty one only the version may have changed. */
static bool is_as_before(uint32_t index) {
    const struct r4_slot *before = &kept[index];
    struct r4_slot now = r4_slot_read(index);
    if (r4_slot_type(before) == R4_CAP_EMPTY) {
        return r4_slot_type(&now) == R4_CAP_EMPTY;
    }
    return memcmp(&now, before, sizeof(now)) == 0;
}

const char *test_end(void) {
    memory_give(arena);
    for (uint32_t index = 0; index < slots_pages() * R4_SLOTS_PER_PAGE; index++) {
        if (!is_as_before(index)) {
            fail_at("left over", index, "a slot that is not as before, type ", is_empty(index) ? "empty" : "full");
        }
    }
    return verdict.failed ? verdict.text : NULL;
}

/* --- what a case may use --- */

uint32_t test_arena(void) { return arena; }

uint32_t make_row(enum r4_cap_type type, uint32_t log2, uint32_t count) {
    uint32_t first = memory_create_from(arena, type, log2, count);
    test_changed();
    return first;
}

uint32_t create_sized(enum r4_cap_type type, uint32_t log2) { return make_row(type, log2, 1); }

uint32_t make(enum r4_cap_type type) {
    return create_sized(type, type == R4_CAP_UNTYPED ? UNTYPED_LOG2 : type == R4_CAP_FRAME ? FRAME_LOG2 : 0);
}

uint32_t empty_slots(uint32_t count) { return slots_take_for(arena, count); }
uint32_t empty_slot(void) { return empty_slots(1); }

uint32_t copy_with(uint32_t slot, uint32_t rights) {
    uint32_t copy = empty_slot();
    must(r4_cap_copy(r4_own(slot), copy, rights, r4_ttl(slot) - 1), "copying");
    test_changed();
    return copy;
}

uint32_t copy_of(uint32_t slot) { return copy_with(slot, r4_rights(slot)); }

bool is_empty(uint32_t slot) { return r4_type(slot) == R4_CAP_EMPTY; }
