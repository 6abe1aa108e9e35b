/* SPDX-License-Identifier: MIT
 *
 * One flag per slot, set while it is taken. Runs never cross a page: the header of each page is taken for good.
 */
#include "lib/slots.h"
#include "lib/info.h"
#include "lib/print.h"

static bool taken[SLOTS_PAGES_MAX * R4_SLOTS_PER_PAGE];
static uint32_t pages;

void slots_init(void) {
    const struct r4_root_info *info = r4_info();
    pages = 0;
    slots_pages_set(info->cap_page_count);
    for (uint32_t index = 0; index < info->slot_first_free; index++) {
        taken[index] = true;
    }
}

uint32_t slots_take(uint32_t count) {
    uint32_t run = 0;
    for (uint32_t index = 0; index < pages * R4_SLOTS_PER_PAGE; index++) {
        run = taken[index] ? 0 : run + 1;
        if (run < count) {
            continue;
        }
        uint32_t first = index + 1 - count;
        for (uint32_t i = first; i <= index; i++) {
            taken[i] = true;
        }
        return first;
    }
    fail(R4_ERR_SPACE, "no free slots in a row");
}

void slots_give(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        taken[i] = false;
    }
}

uint32_t slots_pages(void) { return pages; }

void slots_pages_set(uint32_t count) {
    if (count > SLOTS_PAGES_MAX) {
        fail(R4_ERR_FULL, "more window pages than slots.c keeps track of");
    }
    for (uint32_t page = pages; page < count; page++) {
        for (uint32_t i = 0; i < R4_SLOTS_PER_PAGE; i++) {
            taken[page * R4_SLOTS_PER_PAGE + i] = i == 0;
        }
    }
    pages = count;
}
