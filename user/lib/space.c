/* SPDX-License-Identifier: MIT
 *
 * Mapping into address spaces.
 */
#include "lib/space.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/page_table.h"
#include "lib/print.h"
#include "lib/window.h"

/* From the highest level down: a level that is there already refuses with R4_ERR_ENTRY. */
void space_add_table(uint32_t pd, uint32_t untyped, uint64_t address) {
    uint32_t table =
        untyped == 0 ? memory_create(R4_CAP_PAGE_TABLE, 0, 1) : memory_create_from(untyped, R4_CAP_PAGE_TABLE, 0, 1);
    enum r4_error error = R4_ERR_ENTRY;
    for (uint32_t level = 3; level >= 1 && error == R4_ERR_ENTRY; level--) {
        error = r4_table_map(r4_own(table), r4_own(pd), address, level);
    }
    must(error, "mapping a page table");
}

void space_map(uint32_t slot, uint64_t address, uint32_t rights) {
    uint32_t pd = r4_info()->slot_pd;
    enum r4_error error;
    while ((error = r4_frame_map(r4_own(slot), r4_own(pd), address, rights)) == R4_ERR_NO_TABLE) {
        space_add_table(pd, 0, address);
    }
    must(error, "mapping a frame");
}

void space_map_row(uint32_t first, uint32_t count, uint64_t address, uint32_t rights) {
    for (uint32_t i = 0; i < count; i++) {
        space_map(first + i, address + (uint64_t)i * R4_PAGE_SIZE, rights);
    }
}

uint32_t space_grow_window(uint32_t count) {
    uint32_t pages = slots_pages();
    uint32_t first = memory_create(R4_CAP_CAP_PAGE, 0, count);
    for (uint32_t i = 0; i < count; i++) { /* the window's first 2 MiB have their table from boot */
        must(r4_cap_page_map(r4_own(first + i), r4_own(r4_info()->slot_pd), pages + i), "mapping a cap page");
    }
    slots_pages_set(pages + count);
    return first;
}

void space_shrink_window(uint32_t first, uint32_t count) {
    require(r4_type(first) == R4_CAP_CAP_PAGE && count <= slots_pages(), "the window's last cap pages");
    slots_pages_set(slots_pages() - count);
    memory_delete(first, count);
}
