/* SPDX-License-Identifier: MIT
 *
 * Mapping into the own address space.
 */
#include "lib/space.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/page_table.h"
#include "lib/print.h"

/* Adds the highest table that is missing above `address`: a level that is there already refuses. */
static void table_add(uint64_t address) {
    uint32_t table = memory_make(R4_CAP_PAGE_TABLE, 0, 1);
    enum r4_error error = R4_ERR_ENTRY;
    for (uint32_t level = 3; level >= 1 && error == R4_ERR_ENTRY; level--) {
        error = r4_table_map(table, r4_info()->slot_pd, address, level);
    }
    must(error, "hanging in a page table");
}

void space_map(uint32_t slot, uint64_t address, uint32_t rights) {
    for (;;) {
        enum r4_error error = r4_frame_map(slot, r4_info()->slot_pd, address, rights);
        if (error != R4_ERR_NO_TABLE) {
            must(error, "mapping a frame");
            return;
        }
        table_add(address);
    }
}

void space_map_row(uint32_t first, uint32_t count, uint64_t address, uint32_t rights) {
    for (uint32_t i = 0; i < count; i++) {
        space_map(first + i, address + (uint64_t)i * R4_PAGE_SIZE, rights);
    }
}

uint32_t space_grow_window(uint32_t count) {
    uint32_t pages = slots_pages();
    uint32_t first = memory_make(R4_CAP_CAP_PAGE, 0, count);
    for (uint32_t i = 0; i < count; i++) { /* the window's first 2 MiB have their table from boot */
        must(r4_cap_page_map(first + i, r4_info()->slot_pd, pages + i), "mapping a cap page");
    }
    slots_pages_set(pages + count);
    return first;
}

void space_shrink_window(uint32_t first, uint32_t count) {
    slots_pages_set(slots_pages() - count);
    for (uint32_t i = 0; i < count; i++) {
        must(r4_cap_delete(first + i), "deleting a cap page");
    }
    slots_give(first, count);
}
