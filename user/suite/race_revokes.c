/* SPDX-License-Identifier: MIT
 *
 * Revoke and delete while other cores copy, retype, revoke.
 */
#include "lib/cap.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/race.h"
#include "suite/themes.h"
#include "suite/workers.h"

#define COPIES 12U /* slots of each core that copies */

/* Rest of a core in a loop, after each turn: if there are fewer processors than cores, a queue at the lock moves only
 * as fast as the host gives each of them its time. */
#define REST_US 50U

static uint32_t first; /* slots, as the case says */
static uint32_t second;
static uint32_t third;

static void copy_some(uint32_t number) {
    for (uint32_t i = 0; i < COPIES; i++) {
        uint32_t slot = second + number * COPIES + i;
        uint32_t source = i % 3 == 0 ? first : slot - 1; /* copies of copies, too */
        uint32_t ttl = i % 3 == 0 ? 12 : r4_ttl(source) - 1;
        enum r4_error error = r4_cap_copy(r4_own(source), slot, R4_ALL_RIGHTS, ttl & 15);
        race_tell(error == R4_OK,
                  error == R4_ERR_OCCUPIED || error == R4_ERR_BUSY || error == R4_ERR_EMPTY || error == R4_ERR_TTL);
    }
}

static void copy_some_and_rest(uint32_t number) {
    copy_some(number);
    r4_spin_us(REST_US);
}
RACE_WORKER(copiers, copy_some_and_rest)

static bool all_empty(void) {
    for (uint32_t i = 0; i < (1 + workers_size()) * COPIES; i++) {
        if (!is_empty(second + i)) {
            return false;
        }
    }
    return true;
}

static void copied_while_revoked(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(COPIES * (1 + WORKERS_MAX));
    race_begin_loop(copiers);
    while (race_another()) {
        copy_some(0);
        ALLOWED(r4_cap_revoke(r4_own(first)).error);
    }
    race_end_loop();
    ALLOWED(r4_cap_revoke(r4_own(first)).error);
    CHECK(all_empty() && race_wrong() == 0);
    CHECK(!r4_inspect_has_children_get(r4_cap_inspect(r4_own(first)).value));
}

/* Once the delete has returned there is no copy, and none comes later. */
static void copied_while_deleted(void) {
    second = empty_slots(COPIES * (1 + WORKERS_MAX));
    for (uint32_t i = 0; i < 5; i++) {
        first = make(R4_CAP_NOTIFICATION);
        race_begin_loop(copiers);
        race_wait_turns(20);
        ALLOWED(r4_cap_delete(r4_own(first)));
        CHECK(all_empty());
        race_wait_turns(20);
        race_end_loop();
        CHECK(all_empty() && race_wrong() == 0);
    }
}

static void revoke_first(uint32_t number) {
    (void)number;
    race_tell(r4_cap_revoke(r4_own(first)).error == R4_OK, false);
}
RACE_WORKER(revokers, revoke_first)

static void revoked_by_all(void) {
    first = make(R4_CAP_NOTIFICATION);
    second = empty_slots(COPIES * (1 + WORKERS_MAX));
    race_begin_rounds(revokers);
    while (race_another()) {
        copy_some(0);
        race_round_begin();
        revoke_first(0);
        race_round_end();
        CHECK(all_empty() && race_won() == 1 + workers_size());
    }
    race_end_rounds();
    CHECK(race_wrong() == 0);
}

static uint32_t revoked_inside; /* a copy of `first`, above the copies */

static void revoke_nested(uint32_t number) {
    uint32_t slot = number % 2 == 0 ? first : revoked_inside;
    enum r4_error error = r4_cap_revoke(r4_own(slot)).error;
    race_tell(error == R4_OK, slot == revoked_inside && error == R4_ERR_EMPTY);
}
RACE_WORKER(nested_revokers, revoke_nested)

static void revoked_inside_and_outside(void) {
    uint32_t outer = make(R4_CAP_NOTIFICATION);
    revoked_inside = empty_slot();
    second = empty_slots(COPIES * (1 + WORKERS_MAX));
    race_begin_rounds(nested_revokers);
    while (race_another()) {
        ALLOWED(r4_cap_copy(r4_own(outer), revoked_inside, R4_ALL_RIGHTS, 14));
        first = revoked_inside;
        copy_some(0);
        first = outer;
        race_round_begin();
        revoke_nested(0);
        race_round_end();
        CHECK(all_empty() && is_empty(revoked_inside) && !is_empty(outer));
    }
    race_end_rounds();
    CHECK(race_wrong() == 0);
}

static void retype_some(uint32_t number) {
    uint32_t slot = second + number * COPIES;
    struct r4_objects objects = {R4_CAP_FRAME, R4_PAGE_BITS, 2, number * 4ULL * R4_PAGE_SIZE, slot};
    enum r4_error error = r4_untyped_retype(r4_own(first), objects);
    race_tell(error == R4_OK,
              error == R4_ERR_OCCUPIED || error == R4_ERR_WATERMARK || error == R4_ERR_BUSY || error == R4_ERR_REVOKED);
}
RACE_WORKER(retypers, retype_some)

static void retyped_while_revoked(void) {
    first = make(R4_CAP_UNTYPED);
    second = empty_slots(COPIES * (1 + WORKERS_MAX));
    race_begin_loop(retypers);
    for (uint32_t i = 0; race_another(); i++) {
        ALLOWED(r4_cap_revoke(r4_own(first)).error);
        r4_spin_us(i % 2 * 20); /* every second time they have the time to finish what they make */
    }
    race_end_loop();
    ALLOWED(r4_cap_revoke(r4_own(first)).error);
    CHECK(all_empty() && race_wrong() == 0 && r4_watermark(first) == 0);
}

/* --- what is busy --- */

static void use_child(uint32_t number) {
    uint32_t own = third + number; /* each core has its own slot */
    enum r4_error error = r4_cap_inspect(r4_own(second + number)).error;
    race_tell(error == R4_ERR_BUSY, error == R4_OK || error == R4_ERR_EMPTY);
    error = r4_cap_move(r4_own(second + number), own);
    race_tell(error == R4_ERR_BUSY, error == R4_OK || error == R4_ERR_EMPTY || error == R4_ERR_OCCUPIED);
    error = r4_cap_delete(r4_own(own));
    race_tell(error == R4_ERR_BUSY, error == R4_OK || error == R4_ERR_EMPTY);
    r4_spin_us(REST_US);
}
RACE_WORKER(child_users, use_child)

/* A capability without children is removed where others are marked: each child has one. Untypeds are made at once. */
static void busy_while_revoked(void) {
    first = make(R4_CAP_UNTYPED);
    second = empty_slots(R4_RETYPE_MAX);
    third = empty_slots(1 + WORKERS_MAX);
    uint32_t grandchildren = empty_slots(R4_RETYPE_MAX);
    race_begin_loop(child_users);
    while (race_another_until(race_won() != 0)) {
        struct r4_objects objects = {R4_CAP_UNTYPED, R4_NOTIFICATION_LOG2, R4_RETYPE_MAX, 0, second};
        ALLOWED(r4_untyped_retype(r4_own(first), objects));
        for (uint32_t i = 0; i < R4_RETYPE_MAX; i++) {
            struct r4_objects object = {R4_CAP_UNTYPED, R4_NOTIFICATION_LOG2, 1, 0, grandchildren + i};
            (void)r4_untyped_retype(r4_own(second + i), object); /* others move and delete them */
        }
        ALLOWED(r4_cap_revoke(r4_own(first)).error);
        CHECK(!r4_inspect_has_children_get(r4_cap_inspect(r4_own(first)).value));
    }
    race_end_loop();
    CHECK(race_won() != 0 && race_wrong() == 0);
}

/* A revoke of what is being revoked is not refused: it waits. */
static void revoke_unmade(uint32_t number) {
    (void)number;
    enum r4_error error = r4_cap_revoke(r4_own(second)).error;
    race_tell(error == R4_ERR_BUSY, error == R4_OK || error == R4_ERR_EMPTY);
    r4_spin_us(REST_US);
}
RACE_WORKER(unmade_revokers, revoke_unmade)

static void busy_while_made(void) {
    const uint32_t count = 8;
    uint32_t frames = empty_slots(count);
    first = make(R4_CAP_UNTYPED);
    second = frames + count - 1; /* the last one to be made */
    race_begin_loop(unmade_revokers);
    while (race_another_until(race_won() != 0)) {
        ALLOWED(r4_untyped_retype(r4_own(first), (struct r4_objects){R4_CAP_FRAME, R4_PAGE_BITS, count, 0, frames}));
        ALLOWED(r4_cap_revoke(r4_own(first)).error);
    }
    race_end_loop();
    CHECK(race_won() != 0 && race_wrong() == 0 && is_empty(frames) && is_empty(second));
}

static const struct test tests[] = {
    {"four cores copy while one of them revokes: the revoke ends, nothing is left", copied_while_revoked, 4},
    {"others copy while the source is deleted: nothing is left, nothing comes", copied_while_deleted, 2},
    {"all revoke the same", revoked_by_all, 2},
    {"one revokes inside what another revokes", revoked_inside_and_outside, 2},
    {"others retype while one revokes", retyped_while_revoked, 2},
    {"what is being revoked is busy", busy_while_revoked, 2},
    {"what is still being made is not revoked alone", busy_while_made, 2},
};

const struct theme theme_race_revokes = {"revoke-race", tests, R4_COUNT(tests), 1};
