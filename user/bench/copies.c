/* SPDX-License-Identifier: MIT
 *
 * Thousands of copies of one capability.
 */
#include "bench/copies.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"

#define PER_PAGE (R4_SLOTS_PER_PAGE - 1) /* without the header */
#define PAGES    ((COPIES_MAX + PER_PAGE - 1) / PER_PAGE)

static uint32_t cap_pages; /* the first slot of PAGES */
static uint32_t first_page;
static uint32_t source;

void copies_begin(void) {
    first_page = slots_pages();
    cap_pages = space_grow_window(PAGES);
    source = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
}

void copies_end(void) {
    must(r4_cap_delete(r4_own(source)), "deleting the source of the copies");
    slots_give(source, 1);
    space_shrink_window(cap_pages, PAGES);
}

uint32_t copies_source(void) { return source; }

uint32_t copies_slot(uint32_t number) {
    return (first_page + number / PER_PAGE) * R4_SLOTS_PER_PAGE + 1 + number % PER_PAGE;
}

void copies_make_of(uint32_t parent, uint32_t first, uint32_t count) {
    require(first + count <= COPIES_MAX, "as many copies as there is room for");
    for (uint32_t i = first; i < first + count; i++) {
        must(r4_cap_copy(r4_own(parent), copies_slot(i), R4_READ, r4_ttl(parent) - 1), "copying");
    }
}

void copies_make(uint32_t count) { copies_make_of(source, 0, count); }
