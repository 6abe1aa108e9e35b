/* SPDX-License-Identifier: MIT
 *
 * One word per slot: who has taken it. No row of slots crosses a page: the header of each page is always taken.
 */
#include "lib/slots.h"
#include "lib/info.h"
#include "lib/print.h"
#include "lib/window.h"

#define FREE 0U /* no untyped has this slot: it is a header */
#define USED UINT16_MAX

static uint16_t takers[SLOTS_PAGES_MAX * R4_SLOTS_PER_PAGE]; /* slot of the untyped for which it was taken, or USED */
_Static_assert(R4_COUNT(takers) < USED, "no slot has the number USED");
static uint32_t pages;

void slots_init(void) {
    const struct r4_root_info *info = r4_info();
    pages = 0;
    slots_pages_set(info->cap_page_count);
    for (uint32_t index = 0; index < info->slot_first_free; index++) {
        takers[index] = USED;
    }
}

static uint32_t take(uint16_t taker, uint32_t count) {
    uint32_t run = 0;
    require(count >= 1 && count < R4_SLOTS_PER_PAGE, "1 to 127 slots in a row");
    for (uint32_t index = 0; index < pages * R4_SLOTS_PER_PAGE; index++) {
        run = takers[index] == FREE ? run + 1 : 0;
        if (run < count) {
            continue;
        }
        uint32_t first = index + 1 - count;
        for (uint32_t i = first; i <= index; i++) {
            require(r4_type(i) == R4_CAP_EMPTY, "a free slot is empty");
            takers[i] = taker;
        }
        return first;
    }
    fail(R4_ERR_SPACE, "no free slots in a row");
}

uint32_t slots_take(uint32_t count) { return take(USED, count); }

uint32_t slots_take_for(uint32_t untyped, uint32_t count) { return take((uint16_t)untyped, count); }

void slots_give(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        require(i % R4_SLOTS_PER_PAGE != 0 && takers[i] != FREE, "a slot that is given back was taken");
        takers[i] = FREE;
    }
}

void slots_give_of(uint32_t untyped) {
    for (uint32_t index = 0; index < pages * R4_SLOTS_PER_PAGE; index++) {
        if (takers[index] == untyped) {
            takers[index] = FREE;
            slots_give_of(index);
        }
    }
}

uint32_t slots_pages(void) { return pages; }

void slots_pages_set(uint32_t count) {
    if (count > SLOTS_PAGES_MAX) {
        fail(R4_ERR_FULL, "more window pages than slots.c knows");
    }
    for (uint32_t page = pages; page < count; page++) {
        for (uint32_t i = 0; i < R4_SLOTS_PER_PAGE; i++) {
            takers[page * R4_SLOTS_PER_PAGE + i] = i == 0 ? USED : FREE;
        }
    }
    pages = count;
}
