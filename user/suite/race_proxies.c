/* SPDX-License-Identifier: MIT
 *
 * Proxies that change while other cores use them.
 */
#include "lib/cap.h"
#include "lib/print.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/proxies.h"
#include "suite/race.h"
#include "suite/themes.h"
#include "suite/workers.h"
#include <stdatomic.h>

#define REWRITES 1000U /* in one round */
#define DELAYS   500U
#define TOLD_US  1000000U /* within this time a use has been counted */

static uint32_t first; /* slots, as the case says */
static uint32_t second;

static void use(uint32_t number) {
    (void)number;
    enum r4_error error = r4_cap_inspect(r4_own(proxy_index(0))).error;
    race_tell(error == R4_OK, error == R4_ERR_EMPTY || error == R4_ERR_CHANGED);
}
RACE_WORKER(users, use)

static void used_by_one(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.flags = R4_PROXY_ONCE;
    race_begin_rounds(users);
    while (race_another()) {
        (void)put(0, content);
        race_round_begin();
        use(0);
        race_round_end();
        CHECK(race_won() == 1);
    }
    race_end_rounds();
    CHECK(race_wrong() == 0);
}

/* Written over and over while others use it: each writing is used once at most. */
static void used_while_written(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.flags = R4_PROXY_ONCE;
    race_begin_loop(users);
    uint32_t written = 0;
    while (race_another_until(race_won() != 0)) {
        (void)put(0, content);
        written++;
    }
    race_end_loop();
    CHECK(race_won() > 0 && race_won() <= written && race_wrong() == 0);
}

/* --- clearing and rewriting --- */

static uint64_t values[2];       /* of inspect, through a proxy for `first` and for `second` */
static _Atomic uint32_t seen[2]; /* how often each was found */

static uint32_t seen_count(uint32_t i) { return atomic_load_explicit(&seen[i], memory_order_relaxed); }

static void look(uint32_t number) {
    (void)number;
    struct r4_result result = r4_cap_inspect(r4_own(proxy_index(0)));
    for (uint32_t i = 0; i < R4_COUNT(values); i++) {
        if (result.error == R4_OK && result.value == values[i]) {
            atomic_fetch_add_explicit(&seen[i], 1, memory_order_relaxed);
            race_tell(true, false);
            return;
        }
    }
    race_tell(false, result.error == R4_ERR_EMPTY || result.error == R4_ERR_CHANGED);
}
RACE_WORKER(lookers, look)

static void cleared(void) {
    first = make(R4_CAP_FRAME);
    struct r4_proxy_content content = content_for(first);
    values[0] = values[1] = r4_cap_inspect(put(0, content)).value;
    race_begin_loop(lookers);
    while (race_another_until(race_won() != 0)) {
        (void)put(0, content);
        r4_proxy_clear(r4_proxy(proxy_index(0)));
    }
    atomic_thread_fence(memory_order_seq_cst);     /* the clear is seen before the turns are counted */
    uint32_t before = race_won() + workers_size(); /* turns under way may still have found it */
    race_wait_turns(20);
    CHECK(race_won() != 0 && race_won() <= before && race_wrong() == 0);
    race_end_loop();
}

/* Writes one and the other, over and over. */
static void rewrite(const struct r4_proxy_content contents[2]) {
    struct r4_proxy *proxy = r4_proxy(proxy_index(0));
    for (uint32_t i = 0; i < REWRITES; i++) {
        r4_proxy_write(proxy, &contents[i % 2]);
    }
}

/* Gives two empty slots the same version, so that no version tells one target from the other. */
static void versions_even(uint32_t a, uint32_t b) {
    uint32_t source = make(R4_CAP_NOTIFICATION);
    while (r4_version(a) != r4_version(b)) {
        uint32_t lower = r4_version(a) < r4_version(b) ? a : b;
        must(r4_cap_copy(r4_own(source), lower, 0, 0), "filling");
        must(r4_cap_delete(r4_own(lower)), "emptying");
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
    contents[0].rights = R4_READ; /* a mixture would have the type of one and the rights of the other */
    contents[1].rights = R4_SEND;
    CHECK(contents[0].version == contents[1].version);
    for (uint32_t i = 0; i < 2; i++) {
        values[i] = r4_cap_inspect(put(0, contents[i])).value;
        atomic_store_explicit(&seen[i], 0, memory_order_relaxed);
    }
    race_begin_loop(lookers);
    while (race_another_until(seen_count(0) != 0 && seen_count(1) != 0)) {
        rewrite(contents);
    }
    race_end_loop();
    CHECK(race_wrong() == 0 && seen_count(0) != 0 && seen_count(1) != 0);
}

/* What the second writing gives is used, whatever happened to the first: a use of the first does not take it away. */
static void rewritten_before_its_use(void) {
    struct r4_proxy *proxy = r4_proxy(proxy_index(0));
    struct r4_proxy_content contents[] = {content_for(make(R4_CAP_NOTIFICATION)), content_for(make(R4_CAP_FRAME))};
    for (uint32_t i = 0; i < 2; i++) {
        values[i] = r4_cap_inspect(put(0, contents[i])).value;
        contents[i].flags = R4_PROXY_ONCE;
        atomic_store_explicit(&seen[i], 0, memory_order_relaxed);
    }
    r4_proxy_clear(proxy);
    race_begin_loop(lookers);
    for (uint32_t used = 1; race_another(); used++) {
        r4_proxy_write(proxy, &contents[0]);
        for (volatile uint32_t delay = used % DELAYS; delay != 0; delay--) { /* now and then a use comes in between */
        }
        r4_proxy_write(proxy, &contents[1]);
        while (!r4_proxy_is_empty(proxy)) {
            r4_pause();
        }
        for (uint64_t begin = r4_ticks(); seen_count(1) < used && r4_ticks() - begin < r4_ticks_of_us(TOLD_US);) {
            r4_pause();
        }
        CHECK(seen_count(1) == used);
    }
    race_end_loop();
    CHECK(race_wrong() == 0);
}

/* A proxy is linked while it is rewritten: a badge goes with its rights. Each core links into its own slot. */
static void link_and_look(uint32_t number) {
    uint32_t slot = second + number;
    enum r4_error error = r4_cap_link(r4_own(proxy_index(0)), slot);
    if (error == R4_OK) {
        uint64_t badge = r4_badge(slot);
        race_tell((r4_rights(slot) == (R4_LINK | R4_SEND) && badge == 1) ||
                      (r4_rights(slot) == (R4_LINK | R4_WAIT) && badge == 2),
                  false);
        must(r4_cap_delete(r4_own(slot)), "deleting what was linked");
    } else {
        race_tell(false, error == R4_ERR_EMPTY);
    }
}
RACE_WORKER(linkers, link_and_look)

static void rewritten_and_linked(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(1 + WORKERS_MAX);
    struct r4_proxy_content contents[] = {content_for(first), content_for(first)};
    contents[0].rights = R4_LINK | R4_SEND;
    contents[0].badge = 1;
    contents[1].rights = R4_LINK | R4_WAIT;
    contents[1].badge = 2;
    race_begin_loop(linkers);
    while (race_another_until(race_won() >= 10)) {
        rewrite(contents);
    }
    race_end_loop();
    CHECK(race_won() != 0 && race_wrong() == 0);
}

static const struct test tests[] = {
    {"a single-use proxy is used by exactly one of four cores", used_by_one, 4},
    {"a single-use proxy that is written over and over is used once each time", used_while_written, 2},
    {"a single-use proxy that is rewritten: a use of the old content leaves the new one", rewritten_before_its_use, 2},
    {"a proxy that is cleared: its content or nothing", cleared, 2},
    {"a proxy that is rewritten to another target: one or the other", rewritten, 2},
    {"a proxy that is rewritten while it is linked: rights and badge of one", rewritten_and_linked, 2},
};

const struct theme theme_race_proxies = {"proxy-race", tests, R4_COUNT(tests), 1};
