/* SPDX-License-Identifier: MIT
 *
 * The last capability of an object is deleted. A cap page dies with what is in it and what derives from that.
 */
#include "bench/death.h"
#include "bench/caps.h"
#include "bench/copies.h"
#include "bench/figure.h"
#include "bench/preempted.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"

#define DEATHS      16U
#define COPIES      1024U /* of the one capability in a cap page */
#define REVOKED     64U   /* copies that a revoke removes meanwhile */
#define BEHIND      8U    /* samples: each takes a slice */
#define BEFORE_END  1000U /* ticks before the end of a slice: when the page is deleted at first */
#define BEFORE_STEP 50U   /* until that is the right moment */
#define TRIES       32U

static uint32_t pd_make(void) {
    uint32_t pd = memory_create(R4_CAP_PD, 0, 1);
    must(r4_asid_assign(r4_asid_pool(0), r4_own(pd)).error, "naming an address space");
    return pd;
}

static void pd_measure(void) {
    struct figure figure = {"pd.delete", 0, {0}};
    for (uint32_t i = 0; i < DEATHS; i++) {
        uint32_t pd = pd_make();
        figure_add(&figure, caps_delete_ticks(pd));
        slots_give(pd, 1);
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

static _Noreturn void thread_never(uint64_t unused) { fail(R4_ERR_RUNNING, unused == 0 ? "a thread" : "another"); }

/* The threads are configured and do not run. */
static void thread_measure(void) {
    struct figure figure = {"thread.delete", 0, {0}};
    uint32_t pd = pd_make();
    for (uint32_t i = 0; i < DEATHS; i++) {
        uint32_t thread = memory_create(R4_CAP_THREAD, 0, 1);
        must(r4_thread_configure(r4_own(thread), r4_own(pd), thread_never, R4_PAGE_SIZE, 0), "configure");
        figure_add(&figure, caps_delete_ticks(thread));
        slots_give(thread, 1);
    }
    memory_delete(pd, 1);
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* --- cap pages --- */

/* The first slot of the window's last page. */
static uint32_t page_first_slot(void) { return (slots_pages() - 1) * R4_SLOTS_PER_PAGE + 1; }

/* A cap page at the end of the window, with copies of the frame in slot `source` in its first slots. Returns the slot
 * of its own capability. */
static uint32_t page_make(uint32_t source, uint32_t copies) {
    uint32_t page = space_grow_window(1);
    for (uint32_t i = 0; i < copies; i++) {
        must(r4_cap_copy(r4_own(source), page_first_slot() + i, R4_READ, R4_TTL_MAX - 1), "copying");
    }
    return page;
}

/* The page has been deleted. */
static void page_forget(uint32_t page) {
    slots_pages_set(slots_pages() - 1);
    slots_give(page, 1);
}

/* Deletes cap pages with so many capabilities. */
static void page_measure(const char *name, uint32_t count) {
    struct figure figure = {name, 0, {0}};
    for (uint32_t i = 0; i < DEATHS; i++) {
        uint32_t page = page_make(copies_source(), count);
        figure_add(&figure, caps_delete_ticks(page) / (count == 0 ? 1 : count));
        page_forget(page);
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Deletes cap pages with one capability, which has COPIES copies elsewhere; per copy. */
static void page_copies_measure(void) {
    struct figure figure = {"cap_page.delete.copies", 0, {0}};
    for (uint32_t i = 0; i < DEATHS; i++) {
        uint32_t page = page_make(copies_source(), 1);
        copies_make_of(page_first_slot(), 0, COPIES);
        figure_add(&figure, caps_delete_ticks(page) / COPIES);
        page_forget(page);
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

void death_measure(void) {
    thread_measure();
    pd_measure();
    page_measure("cap_page.delete.0", 0);
    page_measure("cap_page.delete.127", R4_SLOTS_PER_PAGE - 1);
    page_copies_measure();
}

/* --- a revoke while a cap page dies --- */

static enum r4_error page_delete(uint64_t page) { return r4_cap_delete(r4_own((uint32_t)page)); }

/* The page has died, and a quarter of the copies at most is gone. */
static bool is_dying(uint32_t page, uint32_t copies) {
    return r4_type(page) == R4_CAP_EMPTY && (copies == 0 || r4_type(copies_slot(copies / 4)) != R4_CAP_EMPTY);
}

/* Lets a page die of whose one capability, a copy of the one in slot `source`, there are so many copies. Returns its
 * slot. */
static uint32_t dying_begin(uint32_t source, uint32_t copies) {
    static uint64_t before_end = BEFORE_END;
    for (uint32_t i = 0; i < TRIES; i++) {
        uint32_t page = page_make(source, 1);
        copies_make_of(page_first_slot(), 0, copies);
        bool under_way = preempted_begin(0, (struct preempted_call){page_delete, page, before_end});
        if (under_way && is_dying(page, copies)) {
            return page;
        }
        before_end = under_way && r4_type(page) != R4_CAP_EMPTY ? before_end + BEFORE_STEP : before_end - BEFORE_STEP;
        preempted_end();
        page_forget(page);
    }
    fail(R4_ERR_PROTOCOL, "a dying page");
}

static void behind_measure(const char *name, uint32_t source, uint32_t copies) {
    struct figure figure = {name, 0, {0}};
    for (uint32_t i = 0; i < BEHIND; i++) {
        copies_make_of(copies_source(), COPIES, REVOKED);
        uint32_t page = dying_begin(source, copies);
        figure_add(&figure, caps_revoke_ticks(copies_source()) / REVOKED);
        preempted_end();
        page_forget(page);
    }
    figure_print(&figure, "", FIGURE_LOCAL);
}

void death_behind_measure(void) {
    copies_begin();
    preempted_make(1);
    uint32_t source = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    behind_measure("cap.revoke.64.behind.0", source, 0);
    behind_measure("cap.revoke.64.behind.1024", source, COPIES);
    copies_end();
    must(memory_reset(), "clean-up");
}
