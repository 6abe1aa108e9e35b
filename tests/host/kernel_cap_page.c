/* SPDX-License-Identifier: MIT
 *
 * Cap pages mapped in a window and unmapped again: what happens to versions, up to the last one, which no system runs
 * long enough to reach. Physical and virtual addresses are the same here.
 */
#include "call/handlers.h"
#include "cluster/cluster.h"
#include "kernel.h"
#include "object/cap_page.h"
#include "object/frame.h"
#include "sched/operation.h"
#include "sched/shootdown.h"

#define NAME       0x70003U
#define OWN_PAGE   0U /* window pages: the caller's slots; where the page under test is mapped */
#define THERE      5U
#define SLOT_PAGE  1U /* in OWN_PAGE: the capability of the page, that of the PD */
#define SLOT_PD    2U
#define OWN_CAP(i) ((uint64_t)KERNEL_OWN << 26 | (i))

static _Alignas(R4_PAGE_SIZE) uint64_t tables[4][PAGING_ENTRIES]; /* level 4 first */
static _Alignas(R4_PAGE_SIZE) struct r4_slot own[R4_SLOTS_PER_PAGE];
static _Alignas(R4_PAGE_SIZE) struct r4_slot page[R4_SLOTS_PER_PAGE];
static _Alignas(1U << PD_LOG2) struct {
    uint64_t level_4[PAGING_ENTRIES]; /* not used: `tables` is */
    struct pd pd;
} domain;
static struct pd *const pd = &domain.pd;
static struct thread caller;
static struct invocation invocation;

/* --- fakes --- */

void operation_follow_to(const struct r4_slot *from, struct r4_slot *to) {
    ck_abort_msg("nobody is at %p, moved to %p", (const void *)from, (void *)to);
}
void shootdown_noted(struct core *asker) {
    ck_assert_ptr_eq(asker, &own_core);
    cluster.noted_cores = 0;
}

uint64_t *pd_leaf_find(struct pd *in, uint64_t address) {
    ck_assert_ptr_eq(in, pd);
    return paging_entry(0, pd->root, address, 1);
}
struct frame_leaf frame_find_large_leaf(const struct r4_slot *slot) {
    ck_abort_msg("%p is a cap page", (const void *)slot);
}

enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type) {
    return slot_type(slot) == type ? R4_ERR_BUSY : R4_ERR_TYPE;
}

struct resolved invocation_cap_through(const struct invocation *asking, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t through) {
    (void)type, (void)rights, (void)through;
    ck_abort_msg("%p names %lx through proxies", (const void *)asking, cap);
}

/* --- the world --- */

static void table_map(uint32_t level, const void *below) {
    tables[4 - level][paging_index(R4_WINDOW_BASE, level)] = paging_table((uintptr_t)below);
}

/* The window of the PD has a page OWN_PAGE with a capability to the page under test, and one to the PD. */
static void start(uint32_t floor) {
    table_map(4, tables[1]);
    table_map(3, tables[2]);
    table_map(2, tables[3]);
    tables[3][OWN_PAGE] = paging_leaf((uintptr_t)own, R4_READ, false, PAGING_KIND_CAPS);
    pd->root = (uintptr_t)tables[0];
    pd->window.tables[0] = tables[3];
    pd->window.name = NAME;
    pd->version_floor = floor;
    caller.pd = pd;
    slot_fill(&own[SLOT_PAGE], &(struct slot_content){.type = R4_CAP_CAP_PAGE,
                                                      .rights = R4_ALL_RIGHTS,
                                                      .size_log2 = R4_PAGE_BITS,
                                                      .object = (uintptr_t)page});
    slot_fill(&own[SLOT_PD],
              &(struct slot_content){
                  .type = R4_CAP_PD, .rights = R4_ALL_RIGHTS, .size_log2 = PD_LOG2, .object = (uintptr_t)&domain});
    memset(&cluster.asids, 0, sizeof(cluster.asids));
    asid_table_init(&cluster.asids, KERNEL_OWN);
    cluster.asids.entries[NAME % ASID_COUNT] = (struct asid_entry){asid_key(KERNEL_OWN, NAME), &pd->window};
    invocation = (struct invocation){&own_core, &caller, &own[SLOT_PAGE], NULL, {OWN_CAP(SLOT_PD), THERE, 0, 0}, 0};
}

/* Fills the page: slots with all kinds of content, and versions around `middle`. */
static void page_fill(uint32_t middle) {
    page[0] = (struct r4_slot){{0}};
    cap_page_init((uintptr_t)page);
    for (uint32_t i = 1; i < R4_SLOTS_PER_PAGE; i++) {
        page[i] = (struct r4_slot){{r4_slot_version_put(middle - 60 + i), 0, 0, 0}};
        if (i % 3 == 0) {
            page[i] = (struct r4_slot){{UINT64_MAX, UINT64_MAX - i, i, 5 * i}};
            slot_parts(&page[i])->version = middle - 60 + i;
        }
    }
}

/* Nothing has changed but versions, which are now `least` at least. */
static void expect_raised(const struct r4_slot *was, uint32_t least) {
    ck_assert_mem_eq(&page[0], &was[0], sizeof(page[0]));
    for (uint32_t i = 1; i < R4_SLOTS_PER_PAGE; i++) {
        uint64_t version = slot_version(&was[i]) > least ? slot_version(&was[i]) : least;
        struct r4_slot raised = was[i];
        slot_parts(&raised)->version = (uint32_t)version;
        ck_assert_mem_eq(&page[i], &raised, sizeof(raised));
    }
}

START_TEST(test_in_above_the_floor) {
    const uint32_t floors[] = {0, 1, 59, 1000, 1040, 1070, 0x7fffffffU, R4_VERSION_MAX - 2};
    for (uint32_t i = 0; i < R4_COUNT(floors); i++) {
        memset(own, 0, sizeof(own));
        memset(tables, 0, sizeof(tables));
        start(floors[i]);
        page_fill(1000);
        struct r4_slot was[R4_SLOTS_PER_PAGE];
        memcpy(was, page, sizeof(was));
        ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_OK);
        expect_raised(was, floors[i] + 1);
        ck_assert_uint_eq(tables[3][THERE], paging_leaf((uintptr_t)page, R4_READ, false, PAGING_KIND_CAPS));
        ck_assert_uint_eq(slot_mapping_get(&own[SLOT_PAGE]).address, window_page_address(THERE));
        for (uint32_t slot = 1; slot < R4_SLOTS_PER_PAGE; slot++) { /* each empty slot can be filled at least once */
            ck_assert(slot % 3 == 0 || slot_free_check(&page[slot]) == R4_OK);
        }
    }
}
END_TEST

START_TEST(test_out_raises_the_floor) {
    start(7);
    page_fill(1000);
    ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_OK);
    ck_assert_uint_eq(pd->cap_pages[0], 1);
    ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_ERR_MAPPED);
    slot_parts(&page[77])->version = 5000;
    pd->cores = 1;
    ck_assert_int_eq(sys_cap_page_unmap(&invocation).error, R4_OK);
    ck_assert_uint_eq(pd->version_floor, 5000);
    ck_assert_uint_eq(pd->cap_pages[0], 0);
    ck_assert_uint_eq(tables[3][THERE], 0);
    ck_assert_uint_eq(cluster.noted_cores, 0);
    ck_assert_int_eq(sys_cap_page_unmap(&invocation).error, R4_ERR_NOT_MAPPED);
    invocation.argument[1] = THERE + 1; /* the floor holds at any place of the window */
    ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_OK);
    ck_assert_uint_eq(slot_version(&page[1]), 5001);
}
END_TEST

START_TEST(test_any_slot_may_be_the_highest) {
    for (uint32_t slot = 1; slot < R4_SLOTS_PER_PAGE; slot++) {
        memset(own, 0, sizeof(own));
        memset(tables, 0, sizeof(tables));
        start(7);
        page_fill(1000);
        ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_OK);
        slot_parts(&page[slot])->version = 5000;
        ck_assert_int_eq(sys_cap_page_unmap(&invocation).error, R4_OK);
        ck_assert_uint_eq(pd->version_floor, 5000);
    }
}
END_TEST

START_TEST(test_floor_stays) {
    start(9000);
    page_fill(1000);
    ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_OK);
    ck_assert_int_eq(sys_cap_page_unmap(&invocation).error, R4_OK);
    ck_assert_uint_eq(pd->version_floor, 9001);
    cap_page_unmap(&own[SLOT_PAGE]); /* mapped nowhere, like a page that dies */
    ck_assert_uint_eq(pd->version_floor, 9001);
}
END_TEST

/* A window in which versions have reached the end takes no more pages; nothing is changed. */
START_TEST(test_retired) {
    for (uint32_t floor = R4_VERSION_MAX - 1; floor != 0; floor = floor == R4_VERSION_MAX ? 0 : R4_VERSION_MAX) {
        memset(own, 0, sizeof(own));
        memset(tables, 0, sizeof(tables));
        start(floor);
        page_fill(1000);
        struct r4_slot was[R4_SLOTS_PER_PAGE];
        memcpy(was, page, sizeof(was));
        ck_assert_int_eq(sys_cap_page_map(&invocation).error, R4_ERR_RETIRED);
        ck_assert_mem_eq(page, was, sizeof(was));
        ck_assert_uint_eq(tables[3][THERE], 0);
        ck_assert_uint_eq(pd->cap_pages[0], 0);
        ck_assert_uint_eq(slot_mapping_get(&own[SLOT_PAGE]).name, 0);
    }
}
END_TEST

SUITE_MAIN("cap pages", test_in_above_the_floor, test_out_raises_the_floor, test_any_slot_may_be_the_highest,
           test_floor_stays, test_retired)
