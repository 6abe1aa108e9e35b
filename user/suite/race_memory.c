/* SPDX-License-Identifier: MIT
 *
 * What only one core can have: a capability, a name, a mapping; and memory that is taken away while another core writes
 * to it.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/race.h"
#include "suite/themes.h"
#include "suite/workers.h"

#define PRIORITY  100U
#define STACK_TOP (PLACE + 0x100000U)
#define STILL_US  20000U /* long enough for a core that can still write to do so */

static uint32_t first; /* slots, as the case says */
static uint32_t second;

static void move_there(uint32_t number) {
    enum r4_error error = r4_cap_move(r4_own(first), second + number);
    race_tell(error == R4_OK, error == R4_ERR_EMPTY);
}
RACE_WORKER(movers, move_there)

static void moved_by_one(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(1 + WORKERS_MAX);
    race_begin_rounds(movers);
    while (race_another()) {
        race_round_begin();
        move_there(0);
        race_round_end();
        CHECK(race_won() == 1 && is_empty(first));
        uint32_t full = 0;
        while (full < WORKERS_MAX && is_empty(second + full)) {
            full++;
        }
        ALLOWED(r4_cap_move(r4_own(second + full), first));
    }
    race_end_rounds();
    CHECK(race_wrong() == 0);
}

static void assign_name(uint32_t number) {
    (void)number;
    enum r4_error error = r4_asid_assign(r4_asid_pool(2), r4_own(first)).error;
    race_tell(error == R4_OK, error == R4_ERR_ASSIGNED);
}
RACE_WORKER(namers, assign_name)

static void named_by_one(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    struct r4_objects objects = {R4_CAP_PD, 0, 1, 0, empty_slot()};
    first = objects.target;
    race_begin_rounds(namers);
    while (race_another()) {
        ALLOWED(r4_untyped_retype(r4_own(untyped), objects));
        race_round_begin();
        assign_name(0);
        race_round_end();
        CHECK(race_won() == 1 && r4_badge(first) != 0);
        ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    }
    race_end_rounds();
    CHECK(race_wrong() == 0);
}

static void map_and_unmap(uint32_t number) {
    r4_cap_t pd = r4_own(r4_info()->slot_pd);
    enum r4_error error = r4_frame_map(r4_own(first), pd, PLACE + number * (uint64_t)R4_PAGE_SIZE, R4_READ);
    race_tell(error == R4_OK, error == R4_ERR_MAPPED);
    if (error == R4_OK) {
        race_tell(r4_frame_unmap(r4_own(first)) == R4_OK, false); /* no other core unmaps what this one has mapped */
    }
}
RACE_WORKER(mappers, map_and_unmap)

static void mapped_by_one(void) {
    first = make(R4_CAP_FRAME);
    race_begin_loop(mappers);
    while (race_another()) {
        map_and_unmap(0);
    }
    race_end_loop();
    CHECK(race_wrong() == 0 && r4_mapped_in(first) == 0);
}

/* --- memory that is taken away while another core writes to it --- */

static _Noreturn void write_thread(uint64_t address) {
    for (;;) {
        (*(volatile uint64_t *)address)++;
        r4_pause();
    }
}

/* A thread on core 1 that counts in the page at PLACE. */
static void writer_start(void) {
    volatile uint64_t *word = (volatile uint64_t *)PLACE;
    uint32_t thread = make(R4_CAP_THREAD);
    space_map(make(R4_CAP_FRAME), STACK_TOP - R4_PAGE_SIZE, R4_READ | R4_WRITE);
    must(r4_thread_configure(r4_own(thread), r4_own(r4_info()->slot_pd), write_thread, STACK_TOP, PLACE),
         "configuring a writer");
    must(r4_thread_schedule(r4_own(thread), 1, PRIORITY), "scheduling a writer");
    must(r4_thread_start(r4_own(thread)), "starting a writer");
    for (uint64_t before = *word; *word == before;) {
        r4_pause();
    }
}

static void unmapped_while_written(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    volatile uint64_t *word = (volatile uint64_t *)(PLACE + R4_PAGE_SIZE);
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    writer_start();
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    space_map(frame, PLACE + R4_PAGE_SIZE, R4_READ);
    uint64_t before = *word;
    r4_spin_us(STILL_US);
    CHECK(*word == before && before != 0);
}

static void protected_while_written(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    volatile uint64_t *word = (volatile uint64_t *)PLACE;
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    writer_start();
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ));
    uint64_t before = *word;
    r4_spin_us(STILL_US);
    CHECK(*word == before && before != 0);
}

static void revoked_while_written(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    volatile uint64_t *word = (volatile uint64_t *)(PLACE + R4_PAGE_SIZE);
    space_map(memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1), PLACE, R4_READ | R4_WRITE);
    writer_start();
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    space_map(memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1), PLACE + R4_PAGE_SIZE, R4_READ);
    r4_spin_us(STILL_US);
    CHECK(*word == 0); /* the same memory, zeroed */
}

static const struct test tests[] = {
    {"all move the same: one does", moved_by_one, 2},
    {"all name the same address space: one does", named_by_one, 2},
    {"all map the same frame: one at a time", mapped_by_one, 2},
    {"unmap while another core writes", unmapped_while_written, 2},
    {"protect while another core writes", protected_while_written, 2},
    {"revoke while another core writes", revoked_while_written, 2},
};

const struct theme theme_race_memory = {"memory-race", tests, R4_COUNT(tests), 1};
