/* SPDX-License-Identifier: MIT
 *
 * Things that contain themselves, or that contain what their own end needs: slots, memory, threads, address spaces.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/domain.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/page_table.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/proxies.h"
#include "suite/runner.h"
#include "suite/themes.h"

#define PAGE     (PROXIES_PAGE + 1U) /* of the window: free, as is the next */
#define INDEX    (PAGE * R4_SLOTS_PER_PAGE + 1U)
#define PRIORITY 101U
#define STACK    0x62000000ULL
#define END_US   1000000U

static r4_cap_t own_pd(void) { return r4_own(r4_info()->slot_pd); }

/* A cap page of `untyped` at window page `page`; returns its slot. */
static uint32_t page_at(uint32_t untyped, uint32_t page) {
    uint32_t slot = memory_create_from(untyped, R4_CAP_CAP_PAGE, 0, 1);
    must(r4_cap_page_map(r4_own(slot), own_pd(), page), "mapping a cap page");
    return slot;
}

static void page_in_itself_unmapped(void) {
    uint32_t page = page_at(test_arena(), PAGE);
    ALLOWED(r4_cap_move(r4_own(page), INDEX));
    ALLOWED(r4_cap_inspect(r4_own(INDEX)).error);
    REFUSED(R4_ERR_MAPPED, r4_cap_page_map(r4_own(INDEX), own_pd(), PAGE + 1));
    ALLOWED(r4_cap_page_unmap(r4_own(INDEX))); /* now nobody can name it; the revoke of its memory finds it */
    REFUSED(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX)).error);
}

static void page_in_itself_deleted(void) {
    uint32_t page = page_at(test_arena(), PAGE);
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    ALLOWED(r4_cap_copy(r4_own(slot), INDEX + 1, R4_ALL_RIGHTS, 5));
    uint32_t outside = empty_slot();
    ALLOWED(r4_cap_copy(r4_own(INDEX + 1), outside, R4_ALL_RIGHTS, 4));
    ALLOWED(r4_cap_move(r4_own(page), INDEX));
    ALLOWED(r4_cap_delete(r4_own(INDEX)));
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX)).error);
    CHECK(is_empty(outside) && !is_empty(slot));
    ALLOWED(r4_cap_page_map(r4_own(make(R4_CAP_CAP_PAGE)), own_pd(), PAGE)); /* its place is free */
    CHECK(is_empty(INDEX));
}

static void two_pages_in_each_other(void) {
    uint32_t first = page_at(test_arena(), PAGE);
    uint32_t second = page_at(test_arena(), PAGE + 1);
    uint32_t there = INDEX + R4_SLOTS_PER_PAGE;
    ALLOWED(r4_cap_move(r4_own(first), there));
    ALLOWED(r4_cap_move(r4_own(second), INDEX));
    ALLOWED(r4_cap_delete(r4_own(INDEX))); /* the second page dies, and in it the first one's capability */
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(there)).error);
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX)).error);
}

/* An untyped whose own capability lies in a cap page that was made of it; a frame that was made of it is mapped. */
static uint32_t untyped_in_its_page(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    (void)page_at(untyped, PAGE);
    space_map(memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1), PLACE, R4_READ);
    must(r4_cap_move(r4_own(untyped), INDEX), "moving the untyped into its page");
    return INDEX;
}

/* Nothing of it is left: no page and no mapping. */
static void expect_gone(void) {
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX)).error);
    space_map(make(R4_CAP_FRAME), PLACE, R4_READ);
    ALLOWED(r4_cap_page_map(r4_own(make(R4_CAP_CAP_PAGE)), own_pd(), PAGE));
}

static void untyped_in_its_page_revoked(void) {
    ALLOWED(r4_cap_revoke(r4_own(untyped_in_its_page())).error);
    expect_gone();
}

static void untyped_in_its_page_deleted(void) {
    ALLOWED(r4_cap_delete(r4_own(untyped_in_its_page())));
    expect_gone();
}

static void untyped_in_its_page_from_above(void) {
    uint32_t above = create_sized(R4_CAP_UNTYPED, UNTYPED_LOG2 + 1);
    uint32_t untyped = memory_create_from(above, R4_CAP_UNTYPED, UNTYPED_LOG2, 1);
    (void)page_at(untyped, PAGE);
    ALLOWED(r4_cap_move(r4_own(untyped), INDEX));
    ALLOWED(r4_cap_revoke(r4_own(above)).error);
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX)).error);
    CHECK(r4_watermark(above) == 0 && !r4_inspect_has_children_get(r4_cap_inspect(r4_own(above)).value));
}

/* A page that holds the untyped that it was made of, and that untyped's parent. */
static void deeper_in_its_page(void) {
    uint32_t outer = create_sized(R4_CAP_UNTYPED, UNTYPED_LOG2 + 1);
    uint32_t inner = memory_create_from(outer, R4_CAP_UNTYPED, UNTYPED_LOG2, 1);
    (void)page_at(inner, PAGE);
    ALLOWED(r4_cap_move(r4_own(inner), INDEX + 1));
    ALLOWED(r4_cap_move(r4_own(outer), INDEX + 2));
    ALLOWED(r4_cap_revoke(r4_own(INDEX + 1)).error); /* the page dies, with both capabilities: so all of `outer` goes */
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(INDEX + 2)).error);
}

/* The page table through which the revoked capability's slot is found is part of what dies. */
static void table_of_its_window_page(void) {
    uint32_t window_page = 7 * 512;
    uint32_t index = window_page * R4_SLOTS_PER_PAGE + 1;
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t table = memory_create_from(untyped, R4_CAP_PAGE_TABLE, 0, 1);
    ALLOWED(r4_table_map(r4_own(table), own_pd(), R4_WINDOW_BASE + (uint64_t)window_page * R4_PAGE_SIZE, 1));
    (void)page_at(untyped, window_page);
    ALLOWED(r4_cap_move(r4_own(untyped), index));
    ALLOWED(r4_cap_revoke(r4_own(index)).error);
    EXPECT(R4_ERR_ADDRESS, r4_cap_inspect(r4_own(index)).error);
    CHECK(is_empty(table));
}

/* --- callers that end with what they revoke or delete --- */

static bool becomes_empty(uint32_t slot) {
    uint64_t begin = r4_ticks();
    while (!is_empty(slot) && r4_ticks() - begin < r4_ticks_of_us(END_US)) {
        r4_pause();
    }
    return is_empty(slot);
}

static _Noreturn void revoke_slot(uint64_t slot) {
    for (;;) {
        (void)r4_cap_revoke(r4_own((uint32_t)slot));
        runner_end();
    }
}

static _Noreturn void delete_slot(uint64_t slot) {
    for (;;) {
        (void)r4_cap_delete(r4_own((uint32_t)slot));
        runner_end();
    }
}

static void caller_is_revoked(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t more = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 8);
    uint32_t thread = runner_run(untyped, revoke_slot, untyped);
    CHECK(becomes_empty(thread) && becomes_empty(more) && becomes_empty(more + 7) && !runner_has_ended());
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error); /* the next revoke finds the first one finished, or waits for it */
    CHECK(r4_watermark(untyped) == 0);
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_THREAD, 0, 1, 0, thread}));
}

static void caller_and_its_untyped_are_deleted(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t thread = runner_run(untyped, delete_slot, untyped);
    CHECK(becomes_empty(thread) && !runner_has_ended());
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error); /* it stays, since the delete itself was in its memory */
    ALLOWED(r4_cap_delete(r4_own(untyped)));
}

static uint32_t own_thread; /* of the runner */

static _Noreturn void delete_own_thread(uint64_t unused) {
    (void)unused;
    for (;;) {
        (void)r4_cap_delete(r4_own(own_thread));
        runner_end();
    }
}

static void caller_deletes_itself(void) {
    own_thread = 0;
    uint32_t thread = runner_run(test_arena(), delete_own_thread, 0); /* slot 0 is refused: the runner goes on */
    CHECK(runner_has_ended());
    own_thread = thread;
    runner_again(thread, delete_own_thread, 0);
    CHECK(becomes_empty(thread) && !runner_has_ended());
}

static void stack_is_revoked(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t frame = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1);
    uint32_t thread = make(R4_CAP_THREAD);
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    ALLOWED(r4_thread_configure(r4_own(thread), own_pd(), revoke_slot, PLACE + R4_PAGE_SIZE, untyped));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, PRIORITY));
    ALLOWED(r4_thread_start(r4_own(thread))); /* it has no stack any more: a fault stops it */
    CHECK(becomes_empty(frame));
    ALLOWED(r4_thread_configure(r4_own(thread), own_pd(), revoke_slot, PLACE, 0));
}

static void revoke_cap(uint64_t cap) {
    (void)r4_cap_revoke(cap);
    for (;;) {
        r4_pause();
    }
}

/* The thread itself stays; its address space goes, with window and stack. */
static void space_of_the_caller(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, 19);
    struct domain domain = domain_create(untyped, r4_asid_pool(1));
    domain_add_image(&domain);
    uint32_t first = domain_add_thread(&domain, revoke_cap, STACK, 0); /* made only for its stack */
    uint32_t thread = make(R4_CAP_THREAD);
    struct r4_proxy_content content = content_for(untyped);
    content.grantee = domain.name;
    uint64_t cap = r4_cap_name_set(put(0, content), r4_info()->name);
    ALLOWED(r4_thread_configure(r4_own(thread), r4_own(domain.pd), revoke_cap, STACK + R4_PAGE_SIZE, cap));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, PRIORITY));
    ALLOWED(r4_thread_start(r4_own(thread)));
    CHECK(becomes_empty(domain.pd) && becomes_empty(first));
    EXPECT(R4_ERR_NOT_CONFIGURED, r4_thread_start(r4_own(thread)));
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    domain_end(&domain);
}

static void delete_cap(uint64_t cap) {
    (void)r4_cap_delete(cap);
    for (;;) {
        r4_pause();
    }
}

/* The original capability of an address space lies in its own window, and its own thread deletes it. */
static void space_deletes_itself(void) {
    struct domain domain = domain_create(create_sized(R4_CAP_UNTYPED, 19), r4_asid_pool(1));
    domain_add_image(&domain);
    uint32_t thread = domain_add_thread(&domain, delete_cap, STACK, r4_own(1));
    uint32_t page = domain_add_caps(&domain, 0);
    uint32_t copy = copy_of(domain.pd);
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    ALLOWED(r4_cap_page_map(r4_own(page), own_pd(), PAGE));
    ALLOWED(r4_cap_move(r4_own(domain.pd), INDEX));
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    ALLOWED(r4_cap_page_map(r4_own(page), r4_own(copy), 0));
    ALLOWED(r4_thread_schedule(r4_own(thread), 0, PRIORITY));
    ALLOWED(r4_thread_start(r4_own(thread)));
    CHECK(becomes_empty(copy));
    EXPECT(R4_ERR_NOT_CONFIGURED, r4_thread_start(r4_own(thread)));
    domain_end(&domain);
}

static const struct test tests[] = {
    {"a cap page that holds its own capability: unmapped", page_in_itself_unmapped, 1},
    {"a cap page that holds its own capability: deleted", page_in_itself_deleted, 1},
    {"two cap pages, each with the other's capability", two_pages_in_each_other, 1},
    {"a cap page that holds the untyped it came from: revoked", untyped_in_its_page_revoked, 1},
    {"a cap page that holds the untyped it came from: deleted", untyped_in_its_page_deleted, 1},
    {"a cap page that holds the untyped it came from: revoked from above", untyped_in_its_page_from_above, 1},
    {"a cap page that holds its untyped and the parent of that", deeper_in_its_page, 1},
    {"a revoke that takes the page table of its own slot", table_of_its_window_page, 1},
    {"a revoke that deletes its caller's thread", caller_is_revoked, 1},
    {"a delete that takes its caller's thread and its own slot", caller_and_its_untyped_are_deleted, 1},
    {"a thread that deletes itself", caller_deletes_itself, 1},
    {"a revoke that takes its caller's stack", stack_is_revoked, 1},
    {"a revoke that deletes its caller's address space", space_of_the_caller, 1},
    {"an address space that deletes itself", space_deletes_itself, 1},
};

const struct theme theme_self_reference = {"self-reference", tests, R4_COUNT(tests), 1};
