/* SPDX-License-Identifier: MIT
 *
 * Cases and their checks. A case is a function that checks; of a case only the first check that fails is printed.
 * suite.c gives each case an untyped to make things of, takes back everything that was made, and compares the window
 * with what it was before: every slot that was full has the same four words (so the same mapping, watermark and
 * neighbours in its derivation list: no reference is left), and no other slot is full.
 */
#ifndef R4_SUITE_TEST_H
#define R4_SUITE_TEST_H

#include "lib/address.h"

struct test {
    const char *name;
    void (*run)(void);
    uint32_t cores; /* that the cluster must have, else the case is left out of the plan */
};

struct theme { /* one per file */
    const char *name;
    const struct test *tests;
    uint32_t count;
    uint32_t clusters; /* that the machine must have */
};

/* The condition must be true. */
#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)

/* The call must succeed; must give this error. */
#define ALLOWED(call)          EXPECT(R4_OK, call)
#define EXPECT(expected, call) test_expect((expected), (call), __FILE__, __LINE__)

/* The call must be refused with this error and change nothing in the window: no capability and no proxy. The arguments
 * of the call may make and put things (below, and proxies.h): that happens before the call. */
#define REFUSED(expected, call) (test_remember(), test_refused((expected), (call), __FILE__, __LINE__))

void test_check(bool good, const char *what, const char *file, uint32_t line);
void test_expect(enum r4_error expected, enum r4_error error, const char *file, uint32_t line);
void test_remember(void);
void test_refused(enum r4_error expected, enum r4_error error, const char *file, uint32_t line);

/* The window has been changed on purpose. */
void test_changed(void);

/* For whoever lets another address space run: which window REFUSED compares. Pages 0 to caps - 1 are cap pages, page
 * `proxies` is a proxy page. */
void test_window_is(uint32_t caps, uint32_t proxies);

/* Before a case; and after it, once its proxies and the second domain's are cleared: takes back what it made, compares
 * the window with what it was. Returns null, or what was wrong, in one line. */
void test_begin(void);
const char *test_end(void);

/* --- what a case may use: all gone after it --- */

#define ARENA_LOG2 23U /* bytes of the untyped that a case has */

/* The slot of that untyped. */
uint32_t test_arena(void);

/* Makes one object, `log2` 0 for types of one size; count of them in a row. */
uint32_t make(enum r4_cap_type type);
uint32_t create_sized(enum r4_cap_type type, uint32_t log2);
uint32_t make_row(enum r4_cap_type type, uint32_t log2, uint32_t count);

#define UNTYPED_LOG2 16U /* sizes that make() uses */
#define FRAME_LOG2   R4_PAGE_BITS

/* Empty slots in a row. */
uint32_t empty_slot(void);
uint32_t empty_slots(uint32_t count);

/* A copy in a new slot, with these rights or with all that the source has. */
uint32_t copy_with(uint32_t slot, uint32_t rights);
uint32_t copy_of(uint32_t slot);

bool is_empty(uint32_t slot);

#define PLACE 0x50000000ULL /* addresses from here to almost PLACE + 2 MiB are free, and have their page tables */

#endif
