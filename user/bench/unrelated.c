/* SPDX-License-Identifier: MIT
 *
 * Each cap page is filled as the page after the window's last one, then unmapped.
 */
#include "bench/unrelated.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"

#define PER_PAGE (R4_SLOTS_PER_PAGE - 1) /* without the header */
#define ROW      63U                     /* cap pages that are made in one go: two rows fit into a page of the window */

static void page_fill(uint32_t cap_page, uint32_t frame, uint32_t count) {
    uint32_t page = slots_pages();
    must(r4_cap_page_map(r4_own(cap_page), r4_own(r4_info()->slot_pd), page), "mapping a cap page");
    for (uint32_t i = 1; i <= count; i++) {
        must(r4_cap_copy(r4_own(frame), page * R4_SLOTS_PER_PAGE + i, R4_READ, r4_ttl(frame) - 1), "copying");
    }
    must(r4_cap_page_unmap(r4_own(cap_page)), "unmapping a cap page");
}

void unrelated_make(uint32_t count) {
    if (count == 0) {
        return;
    }
    uint32_t frame = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    uint32_t pages = (count + PER_PAGE - 1) / PER_PAGE;
    (void)space_grow_window(1 + pages / (2 * ROW));
    uint32_t row = 0;
    for (uint32_t page = 0; page < pages; page++) {
        if (page % ROW == 0) {
            row = memory_create(R4_CAP_CAP_PAGE, 0, pages - page < ROW ? pages - page : ROW);
        }
        uint32_t left = count - page * PER_PAGE;
        page_fill(row + page % ROW, frame, left < PER_PAGE ? left : PER_PAGE);
    }
}
