/* SPDX-License-Identifier: MIT
 *
 * Mapping and unmapping page tables.
 */
#include "lib/page_table.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define FAR (1ULL << 40) /* no table of any level is there */

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

static enum r4_error map_table(uint32_t table, uint64_t address, uint32_t level) {
    return r4_table_map(r4_own(table), own_pd(), address, level);
}

static void map_space(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    uint32_t pd = make(R4_CAP_PD);
    REFUSED(R4_ERR_EMPTY, r4_table_map(r4_own(table), r4_own(empty_slot()), FAR, 3));
    REFUSED(R4_ERR_TYPE, r4_table_map(r4_own(table), r4_own(table), FAR, 3));
    REFUSED(R4_ERR_NO_ASID, r4_table_map(r4_own(table), r4_own(pd), FAR, 3));
    REFUSED(R4_ERR_RIGHTS, r4_table_map(r4_own(table), r4_own(copy_with(pd, R4_MODIFY)), FAR, 3));
    ALLOWED(r4_asid_assign(r4_asid_pool(1), r4_own(pd)).error);
    ALLOWED(r4_table_map(r4_own(table), r4_own(pd), FAR, 3));
    CHECK(r4_mapped_in(table) == r4_badge(pd) && r4_mapped_at(table) == FAR);
}

static void map_place(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    REFUSED(R4_ERR_ARGUMENT, map_table(table, FAR, 0));
    REFUSED(R4_ERR_ARGUMENT, map_table(table, FAR, 4));
    REFUSED(R4_ERR_RANGE, map_table(table, R4_USER_END, 3));
    REFUSED(R4_ERR_RANGE, map_table(table, UINT64_MAX, 1));
    REFUSED(R4_ERR_NO_TABLE, map_table(table, FAR, 2));
    REFUSED(R4_ERR_NO_TABLE, map_table(table, FAR, 1));
    REFUSED(R4_ERR_ENTRY, map_table(table, PLACE, 3));
    REFUSED(R4_ERR_ENTRY, map_table(table, PLACE, 1));
    ALLOWED(map_table(table, FAR, 3));
    REFUSED(R4_ERR_MAPPED, map_table(table, FAR, 2));
}

static void map_under_a_large_page(void) {
    uint32_t frame = create_sized(R4_CAP_FRAME, R4_LARGE_BITS);
    uint64_t address = PLACE + R4_LARGE_SIZE;
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), address, R4_READ));
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    REFUSED(R4_ERR_ENTRY, map_table(table, address, 1));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(map_table(table, address, 1));
}

static void levels(void) {
    uint32_t tables = make_row(R4_CAP_PAGE_TABLE, 0, 3);
    uint32_t frame = make(R4_CAP_FRAME);
    for (uint32_t i = 0; i < 3; i++) {
        REFUSED(R4_ERR_NO_TABLE, r4_frame_map(r4_own(frame), own_pd(), FAR + 0x5000, R4_READ | R4_WRITE));
        ALLOWED(map_table(tables + i, FAR + 0x5678, 3 - i));
    }
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), FAR + 0x5000, R4_READ | R4_WRITE));
    *(volatile uint64_t *)(FAR + 0x5000) = 3;
    CHECK(r4_mapped_at(tables + 2) == FAR); /* the begin of its range */
    ALLOWED(r4_cap_inspect(r4_own(tables)).error);
}

static void unmap(void) {
    uint32_t tables = make_row(R4_CAP_PAGE_TABLE, 0, 3);
    uint32_t frame = make(R4_CAP_FRAME);
    REFUSED(R4_ERR_NOT_MAPPED, r4_table_unmap(r4_own(tables)));
    for (uint32_t i = 0; i < 3; i++) {
        ALLOWED(map_table(tables + i, FAR, 3 - i));
    }
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), FAR, R4_READ));
    ALLOWED(r4_table_unmap(r4_own(tables + 1))); /* the middle one: the processor finds nothing below it now */
    REFUSED(R4_ERR_NOT_MAPPED, r4_table_unmap(r4_own(tables + 1)));
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(r4_own(frame)));
    REFUSED(R4_ERR_NOT_MAPPED, r4_table_unmap(r4_own(tables + 2)));
    ALLOWED(map_table(tables + 1, FAR, 2)); /* empty again */
    REFUSED(R4_ERR_NO_TABLE, r4_frame_map(r4_own(frame), own_pd(), FAR, R4_READ));
    ALLOWED(map_table(tables + 2, FAR, 1));
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), FAR, R4_READ));
}

static void delete_takes_the_range(void) {
    uint32_t tables = make_row(R4_CAP_PAGE_TABLE, 0, 3);
    uint32_t frame = make(R4_CAP_FRAME);
    for (uint32_t i = 0; i < 3; i++) {
        ALLOWED(map_table(tables + i, FAR, 3 - i));
    }
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), FAR, R4_READ));
    ALLOWED(r4_cap_delete(r4_own(tables)));
    REFUSED(R4_ERR_NOT_MAPPED, r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_frame_map(r4_own(frame), own_pd(), PLACE, R4_READ));
}

/* A table of this program's window is unmapped: what it held cannot be named until it is mapped again. */
static void window_table(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t window_page = 5 * 512; /* beyond what one table covers */
    uint64_t address = R4_WINDOW_BASE + (uint64_t)window_page * R4_PAGE_SIZE;
    uint32_t index = window_page * R4_SLOTS_PER_PAGE + 1;
    REFUSED(R4_ERR_NO_TABLE, r4_cap_page_map(r4_own(page), own_pd(), window_page));
    ALLOWED(map_table(table, address, 1));
    ALLOWED(r4_cap_page_map(r4_own(page), own_pd(), window_page));
    ALLOWED(r4_cap_copy(r4_own(make(R4_CAP_NOTIFICATION)), index, R4_ALL_RIGHTS, 1));
    ALLOWED(r4_cap_inspect(put_for(0, index)).error);
    r4_cap_t stale = put_for(0, index);
    ALLOWED(r4_table_unmap(r4_own(table)));
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(index)).error);
    REFUSED(R4_ERR_ENTRY, map_table(table, address, 1)); /* the cap page has not left: versions could come back */
    REFUSED(R4_ERR_MAPPED, r4_cap_page_map(r4_own(page), own_pd(), window_page + 1));
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    ALLOWED(map_table(table, address, 1));
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(index)).error);
    ALLOWED(r4_cap_page_map(r4_own(page), own_pd(), window_page));
    ALLOWED(r4_cap_inspect(r4_own(index)).error);
    REFUSED(R4_ERR_VERSION, r4_cap_inspect(stale).error);
}

/* The same one level higher, for half of the window. */
static void window_directory(void) {
    uint32_t tables = make_row(R4_CAP_PAGE_TABLE, 0, 2);
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t window_page = R4_WINDOW_SIZE / R4_PAGE_SIZE / 2;
    uint64_t address = R4_WINDOW_BASE + R4_WINDOW_SIZE / 2;
    uint32_t index = window_page * R4_SLOTS_PER_PAGE + 1;
    ALLOWED(map_table(tables, address, 2));
    ALLOWED(map_table(tables + 1, address, 1));
    ALLOWED(r4_cap_page_map(r4_own(page), own_pd(), window_page));
    REFUSED(R4_ERR_EMPTY, r4_cap_inspect(r4_own(index)).error);
    ALLOWED(r4_table_unmap(r4_own(tables)));
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(index)).error);
    ALLOWED(map_table(tables, address, 2));
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(index)).error);
    ALLOWED(r4_cap_delete(r4_own(tables)));
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(index)).error);
}

static const struct test tests[] = {
    {"map: the address space", map_space, 1},
    {"map: level and address", map_place, 1},
    {"map: where a large page is", map_under_a_large_page, 1},
    {"three levels, then a page", levels, 1},
    {"unmap: what is below it is mapped nowhere, and the table comes back empty", unmap, 1},
    {"delete: what is below it is mapped nowhere", delete_takes_the_range, 1},
    {"a table of the window", window_table, 1},
    {"a table of half the window", window_directory, 1},
};

const struct theme theme_page_table = {"page-table", tests, R4_COUNT(tests), 1};
