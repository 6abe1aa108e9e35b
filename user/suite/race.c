/* SPDX-License-Identifier: MIT
 *
 * Cores that race: the own thread and the crew. Either all do the same thing in each of many rounds, which begin for
 * all at the same time; or the crew goes on doing something until it is told to stop, while the own thread does
 * another.
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
#include "suite/crew.h"
#include "suite/proxies.h"
#include "suite/themes.h"
#include <stdatomic.h>

#define ROUNDS_MIN 10U
#define ROUNDS_MAX 3000U
#define ROUNDS_US  300000U /* after which a case ends, if it has had ROUNDS_MIN */
#define COPIES     12U     /* slots of each core that copies */
#define PRIORITY   100U
#define STACK_TOP  (PLACE + 0x100000U)

static struct {
    uint64_t begin; /* r4_ticks() */
    uint32_t rounds;
    void (*turn)(uint32_t number);
    _Atomic uint32_t round; /* LAST_ROUND: there is no other */
    _Atomic uint32_t arrived;
    _Atomic bool stop;
    _Atomic uint32_t won;   /* turns that have succeeded */
    _Atomic uint32_t lost;  /* that were refused as they may be */
    _Atomic uint32_t wrong; /* anything else */
} race;

#define LAST_ROUND UINT32_MAX

static uint32_t first; /* slots, as the case says */
static uint32_t second;

static void tell(bool won, bool lost) {
    atomic_fetch_add_explicit(won ? &race.won : lost ? &race.lost : &race.wrong, 1, memory_order_relaxed);
}

static void reset(void (*turn)(uint32_t number)) {
    race.begin = r4_ticks();
    race.rounds = 0;
    race.turn = turn;
    atomic_store(&race.round, 0);
    atomic_store(&race.stop, false);
    atomic_store(&race.won, 0);
    atomic_store(&race.lost, 0);
    atomic_store(&race.wrong, 0);
}

static uint32_t won(void) { return atomic_load(&race.won); }
static uint32_t wrong(void) { return atomic_load(&race.wrong); }

/* True once for each round that is to be: as long as there is time. */
static bool another_round(void) {
    bool more =
        race.rounds < ROUNDS_MIN || (race.rounds < ROUNDS_MAX && r4_ticks() - race.begin < r4_ticks_of_us(ROUNDS_US));
    race.rounds += more;
    return more;
}

/* --- rounds --- */

static void rounds_job(uint32_t number) {
    for (uint32_t last = 0;;) {
        uint32_t round = atomic_load_explicit(&race.round, memory_order_acquire);
        if (round == LAST_ROUND) {
            return;
        }
        if (round != last) {
            last = round;
            race.turn(number);
            atomic_fetch_add_explicit(&race.arrived, 1, memory_order_release);
        }
        r4_pause();
    }
}

static void rounds_begin(void (*turn)(uint32_t number)) {
    reset(turn);
    crew_start(crew_size(), rounds_job);
}

/* One round of all: the own thread is number 0. */
static void round_run(void) {
    atomic_store(&race.arrived, 0);
    atomic_store(&race.won, 0);
    atomic_store_explicit(&race.round, race.rounds, memory_order_release);
    race.turn(0);
    while (atomic_load_explicit(&race.arrived, memory_order_acquire) != crew_size()) {
        r4_pause();
    }
}

static void rounds_end(void) {
    atomic_store_explicit(&race.round, LAST_ROUND, memory_order_release);
    crew_wait();
}

/* --- until told to stop --- */

static void loop_job(uint32_t number) {
    while (!atomic_load_explicit(&race.stop, memory_order_relaxed)) {
        race.turn(number);
    }
}

static void loop_begin(void (*turn)(uint32_t number)) {
    reset(turn);
    crew_start(crew_size(), loop_job);
}

static void loop_end(void) {
    atomic_store(&race.stop, true);
    crew_wait();
}

/* Until the crew has had as many turns; they are as fast as the host lets them. */
static void turns_wait(uint32_t turns) {
    while (won() + atomic_load(&race.lost) + wrong() < turns) {
        r4_pause();
    }
}

/* --- single use --- */

static void use(uint32_t number) {
    (void)number;
    enum r4_error error = r4_cap_inspect(r4_own(proxy_index(0))).error;
    tell(error == R4_OK, error == R4_ERR_EMPTY || error == R4_ERR_CHANGED);
}

static void used_by_one(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.flags = R4_PROXY_ONCE;
    rounds_begin(use);
    while (another_round()) {
        (void)put(0, content);
        round_run();
        CHECK(won() == 1);
    }
    rounds_end();
    CHECK(wrong() == 0);
}

/* Written over and over while others use it: each writing is used once at most. */
static void used_while_written(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.flags = R4_PROXY_ONCE;
    loop_begin(use);
    uint32_t written = 0;
    while (another_round() || won() == 0) {
        (void)put(0, content);
        written++;
    }
    loop_end();
    CHECK(won() > 0 && won() <= written && wrong() == 0);
}

/* --- clearing and rewriting --- */

static uint64_t values[2]; /* of inspect, through a proxy for `first` and for `second` */
static _Atomic uint32_t seen[2];

static void look(uint32_t number) {
    (void)number;
    struct r4_result result = r4_cap_inspect(r4_own(proxy_index(0)));
    for (uint32_t i = 0; i < R4_COUNT(values); i++) {
        if (result.error == R4_OK && result.value == values[i]) {
            atomic_fetch_add_explicit(&seen[i], 1, memory_order_relaxed);
            tell(true, false);
            return;
        }
    }
    tell(false, result.error == R4_ERR_EMPTY);
}

static void cleared(void) {
    first = make(R4_CAP_FRAME);
    struct r4_proxy_content content = content_for(first);
    values[0] = values[1] = r4_cap_inspect(put(0, content)).value;
    loop_begin(look);
    while (another_round() || won() == 0) {
        (void)put(0, content);
        r4_proxy_clear(r4_proxy(proxy_index(0)));
    }
    uint32_t before = won() + crew_size(); /* turns under way may still have found it */
    turns_wait(before + atomic_load(&race.lost) + 20);
    CHECK(won() <= before && wrong() == 0);
    loop_end();
}

/* Slots of the same version, so that no version tells one target from the other. */
static void versions_even(uint32_t a, uint32_t b) {
    uint32_t source = make(R4_CAP_NOTIFICATION);
    while (r4_version(a) != r4_version(b)) {
        uint32_t behind = r4_version(a) < r4_version(b) ? a : b;
        must(r4_cap_copy(r4_own(source), behind, 0, 0), "filling");
        must(r4_cap_delete(r4_own(behind)), "emptying");
    }
}

static void rewritten(void) {
    first = empty_slot();
    second = empty_slot();
    versions_even(first, second);
    uint32_t frame = make(R4_CAP_FRAME);
    ALLOWED(r4_cap_copy(r4_own(frame), first, R4_READ | R4_SEND | R4_DEFER, 9));
    ALLOWED(r4_cap_copy(r4_own(make(R4_CAP_NOTIFICATION)), second, R4_READ | R4_SEND | R4_DEFER, 9));
    struct r4_proxy_content contents[] = {content_for(first), content_for(second)};
    contents[0].rights = R4_READ; /* a mixture would have the one's type and the other's rights */
    contents[1].rights = R4_SEND;
    CHECK(contents[0].version == contents[1].version);
    for (uint32_t i = 0; i < 2; i++) {
        values[i] = r4_cap_inspect(put(0, contents[i])).value;
        atomic_store(&seen[i], 0);
    }
    loop_begin(look);
    for (uint32_t i = 0; another_round() || atomic_load(&seen[0]) == 0 || atomic_load(&seen[1]) == 0; i++) {
        (void)put(0, contents[i % 2]);
    }
    loop_end();
    CHECK(wrong() == 0 && values[0] != values[1]);
}

/* A badge goes with its target: linked while it is rewritten. Each core links into a slot of its own. */
static void link_and_look(uint32_t number) {
    uint32_t slot = second + number;
    enum r4_error error = r4_cap_link(r4_own(proxy_index(0)), slot);
    if (error == R4_OK) {
        uint64_t badge = r4_badge(slot);
        tell((r4_rights(slot) == (R4_LINK | R4_SEND) && badge == 1) ||
                 (r4_rights(slot) == (R4_LINK | R4_WAIT) && badge == 2),
             false);
        must(r4_cap_delete(r4_own(slot)), "deleting the link");
    } else {
        tell(false, error == R4_ERR_EMPTY);
    }
}

static void rewritten_and_linked(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(1 + CREW_MAX);
    struct r4_proxy_content contents[] = {content_for(first), content_for(first)};
    contents[0].rights = R4_LINK | R4_SEND;
    contents[0].badge = 1;
    contents[1].rights = R4_LINK | R4_WAIT;
    contents[1].badge = 2;
    loop_begin(link_and_look);
    for (uint32_t i = 0; another_round() || won() < 10; i++) {
        (void)put(0, contents[i % 2]);
    }
    loop_end();
    CHECK(wrong() == 0);
}

/* --- copies against revokes --- */

static void copy_some(uint32_t number) {
    for (uint32_t i = 0; i < COPIES; i++) {
        uint32_t slot = second + number * COPIES + i;
        uint32_t source = i % 3 == 0 ? first : slot - 1; /* copies of copies, too */
        uint32_t ttl = i % 3 == 0 ? 12 : r4_ttl(source) - 1;
        enum r4_error error = r4_cap_copy(r4_own(source), slot, R4_ALL_RIGHTS, ttl & 15);
        tell(error == R4_OK,
             error == R4_ERR_OCCUPIED || error == R4_ERR_BUSY || error == R4_ERR_EMPTY || error == R4_ERR_TTL);
    }
}

static bool all_empty(void) {
    for (uint32_t i = 0; i < (1 + crew_size()) * COPIES; i++) {
        if (!is_empty(second + i)) {
            return false;
        }
    }
    return true;
}

static void copied_while_revoked(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(COPIES * (1 + CREW_MAX));
    loop_begin(copy_some);
    while (another_round()) {
        copy_some(0);
        ALLOWED(r4_cap_revoke(r4_own(first)).error);
    }
    loop_end();
    ALLOWED(r4_cap_revoke(r4_own(first)).error);
    CHECK(all_empty() && wrong() == 0);
    CHECK(!r4_inspect_has_children_get(r4_cap_inspect(r4_own(first)).value));
}

/* Once the delete has returned there is nothing, and there will be nothing. */
static void copied_while_deleted(void) {
    second = empty_slots(COPIES * (1 + CREW_MAX));
    for (uint32_t i = 0; i < 5; i++) {
        first = make(R4_CAP_NOTIFICATION);
        loop_begin(copy_some);
        turns_wait(20);
        ALLOWED(r4_cap_delete(r4_own(first)));
        CHECK(all_empty());
        turns_wait(won() + atomic_load(&race.lost) + 20);
        loop_end();
        CHECK(all_empty() && wrong() == 0);
    }
}

static void revoke_first(uint32_t number) {
    (void)number;
    tell(r4_cap_revoke(r4_own(first)).error == R4_OK, false);
}

static void revoked_by_all(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(COPIES * (1 + CREW_MAX));
    rounds_begin(revoke_first);
    while (another_round()) {
        copy_some(0);
        round_run();
        CHECK(all_empty() && won() == 1 + crew_size());
    }
    rounds_end();
    CHECK(wrong() == 0);
}

static uint32_t revoked_inside; /* a copy of `first`, above the copies */

static void revoke_nested(uint32_t number) {
    uint32_t slot = number % 2 == 0 ? first : revoked_inside;
    enum r4_error error = r4_cap_revoke(r4_own(slot)).error;
    tell(error == R4_OK, slot == revoked_inside && error == R4_ERR_EMPTY);
}

static void revoked_inside_and_outside(void) {
    uint32_t outer = make(R4_CAP_NOTIFICATION);
    revoked_inside = empty_slot();
    second = empty_slots(COPIES * (1 + CREW_MAX));
    rounds_begin(revoke_nested);
    while (another_round()) {
        ALLOWED(r4_cap_copy(r4_own(outer), revoked_inside, R4_ALL_RIGHTS, 14));
        first = revoked_inside;
        copy_some(0);
        first = outer;
        round_run();
        CHECK(all_empty() && is_empty(revoked_inside) && !is_empty(outer));
    }
    rounds_end();
    CHECK(wrong() == 0);
}

static void retype_some(uint32_t number) {
    uint32_t slot = second + number * COPIES;
    struct r4_objects objects = {R4_CAP_FRAME, R4_PAGE_BITS, 2, number * 4ULL * R4_PAGE_SIZE, slot};
    enum r4_error error = r4_untyped_retype(r4_own(first), objects);
    tell(error == R4_OK,
         error == R4_ERR_OCCUPIED || error == R4_ERR_WATERMARK || error == R4_ERR_BUSY || error == R4_ERR_REVOKED);
}

static void retyped_while_revoked(void) {
    first = make(R4_CAP_UNTYPED);
    second = empty_slots(COPIES * (1 + CREW_MAX));
    loop_begin(retype_some);
    while (another_round()) {
        ALLOWED(r4_cap_revoke(r4_own(first)).error);
        r4_spin_us(race.rounds % 2 * 20); /* every other time they may finish what they make */
    }
    loop_end();
    ALLOWED(r4_cap_revoke(r4_own(first)).error);
    CHECK(all_empty() && wrong() == 0 && r4_watermark(first) == 0);
}

/* --- one of many --- */

static void move_there(uint32_t number) {
    enum r4_error error = r4_cap_move(r4_own(first), second + number);
    tell(error == R4_OK, error == R4_ERR_EMPTY);
}

static void moved_by_one(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(1 + CREW_MAX);
    rounds_begin(move_there);
    while (another_round()) {
        round_run();
        CHECK(won() == 1 && is_empty(first));
        uint32_t full = 0;
        while (full < CREW_MAX && is_empty(second + full)) {
            full++;
        }
        ALLOWED(r4_cap_move(r4_own(second + full), first));
    }
    rounds_end();
    CHECK(wrong() == 0);
}

static void assign_name(uint32_t number) {
    (void)number;
    enum r4_error error = r4_asid_assign(r4_asid_pool(2), r4_own(first)).error;
    tell(error == R4_OK, error == R4_ERR_ASSIGNED);
}

static void named_by_one(void) {
    rounds_begin(assign_name);
    while (another_round()) {
        first = make(R4_CAP_PD);
        round_run();
        CHECK(won() == 1 && r4_badge(first) != 0);
        memory_delete(first, 1);
    }
    rounds_end();
    CHECK(wrong() == 0);
}

static void map_and_unmap(uint32_t number) {
    r4_cap_t pd = r4_own(r4_info()->slot_pd);
    enum r4_error error = r4_frame_map(r4_own(first), pd, PLACE + number * (uint64_t)R4_PAGE_SIZE, R4_READ);
    tell(error == R4_OK, error == R4_ERR_MAPPED);
    if (error == R4_OK) {
        tell(r4_frame_unmap(r4_own(first)) == R4_OK, false); /* nobody else unmaps what is mapped here */
    }
}

static void mapped_by_one(void) {
    first = make(R4_CAP_FRAME);
    loop_begin(map_and_unmap);
    while (another_round()) {
        map_and_unmap(0);
    }
    loop_end();
    CHECK(wrong() == 0 && r4_mapped_in(first) == 0);
}

/* --- memory that is taken away from a core that writes to it --- */

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
    r4_spin_us(1000);
    CHECK(*word == before && before != 0);
}

static void protected_while_written(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    volatile uint64_t *word = (volatile uint64_t *)PLACE;
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    writer_start();
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ));
    uint64_t before = *word;
    r4_spin_us(1000);
    CHECK(*word == before && before != 0);
}

static void revoked_while_written(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    volatile uint64_t *word = (volatile uint64_t *)(PLACE + R4_PAGE_SIZE);
    space_map(memory_make_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1), PLACE, R4_READ | R4_WRITE);
    writer_start();
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    space_map(memory_make_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1), PLACE + R4_PAGE_SIZE, R4_READ);
    r4_spin_us(1000);
    CHECK(*word == 0); /* the same memory, new */
}

static const struct test tests[] = {
    {"a single-use proxy is used by exactly one of four cores", used_by_one, 4},
    {"a single-use proxy that is written over and over is used once each time", used_while_written, 2},
    {"a proxy that is cleared: its meaning or none", cleared, 2},
    {"a proxy that is rewritten to another target: one or the other", rewritten, 2},
    {"a proxy that is rewritten while it is linked: rights and badge of one", rewritten_and_linked, 2},
    {"four cores copy while one of them revokes: it ends, nothing is left", copied_while_revoked, 4},
    {"others copy while the source is deleted: nothing is left, nothing comes", copied_while_deleted, 2},
    {"all revoke the same", revoked_by_all, 2},
    {"one revokes inside what another revokes", revoked_inside_and_outside, 2},
    {"others retype while one revokes", retyped_while_revoked, 2},
    {"all move the same: one does", moved_by_one, 2},
    {"all name the same address space: one does", named_by_one, 2},
    {"all map the same frame: one at a time", mapped_by_one, 2},
    {"unmap while another core writes", unmapped_while_written, 2},
    {"protect while another core writes", protected_while_written, 2},
    {"revoke while another core writes", revoked_while_written, 2},
};

const struct theme theme_race = {"race", tests, R4_COUNT(tests), 1};
