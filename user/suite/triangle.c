/* SPDX-License-Identifier: MIT
 *
 * Memory that comes back by a detour: cluster 0 lends it to 1, 1 to 2, 2 to 0. Each case has a part on each of the
 * three; all call meet() the same number of times.
 */
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/frame.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/themes.h"

#define CORNERS    3U
#define FIRST_STEP 0x10000U /* clusters 0 and 1 have met in other themes; a milestone only grows */

static uint64_t step = FIRST_STEP;

static uint32_t next(void) { return (r4_info()->cluster + 1) % CORNERS; }
static uint32_t previous(void) { return (r4_info()->cluster + CORNERS - 1) % CORNERS; }

static void wait_for(uint32_t corner) {
    struct r4_result result = r4_debug_wait(r4_debug(), corner, step);
    must(result.error == R4_OK && result.value == MILESTONE_FAILED ? R4_ERR_REVOKED : result.error, "meeting a corner");
}

/* Returns when all three have got here. */
static void meet(void) {
    must(r4_debug_milestone(r4_debug(), ++step), "meeting");
    wait_for(next());
    wait_for(previous());
}

static uint32_t posted(void) {
    uint32_t receive_slot = empty_slot();
    ALLOWED(r4_peer_post(r4_peer(previous()), receive_slot));
    return receive_slot;
}

static enum r4_error pass_on(uint32_t untyped) {
    enum r4_error error;
    while ((error = r4_peer_handoff(r4_peer(next()), r4_own(untyped))) == R4_ERR_NOT_CONNECTED) {
        r4_pause(); /* not greeted each other yet */
    }
    return error;
}

/* Cluster 0's memory goes round: first `lent` there, then `received` everywhere, with a TTL that falls. */
static void round_trip(uint32_t lent, uint32_t received) {
    for (uint32_t corner = 0; corner < CORNERS; corner++) {
        meet();
        if (corner == r4_info()->cluster) {
            ALLOWED(pass_on(corner == 0 ? lent : received));
        }
    }
    meet();
    uint32_t hops = r4_info()->cluster == 0 ? CORNERS : r4_info()->cluster;
    CHECK(r4_type(received) == (r4_info()->cluster == 0 ? R4_CAP_UNTYPED : R4_CAP_REMOTE_REF));
    CHECK(r4_ttl(received) == R4_TTL_MAX - hops && (r4_flags(received) & R4_FLAG_RECEIVED) != 0);
}

/* --- cluster 0 --- */

static uint32_t frame_in(uint32_t received) {
    uint32_t frame = empty_slot();
    ALLOWED(r4_untyped_retype(r4_own(received), (struct r4_objects){R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, frame}));
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    *(volatile uint64_t *)PLACE = 1;
    return frame;
}

static void first_revokes_all(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t received = posted();
    round_trip(untyped, received);
    uint32_t frame = frame_in(received);
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    CHECK(r4_type(untyped) == R4_CAP_UNTYPED && is_empty(received) && is_empty(frame));
    meet();
}

static void first_loses_the_inner(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t received = posted();
    round_trip(untyped, received);
    uint32_t frame = frame_in(received);
    meet(); /* the second revokes */
    meet();
    CHECK(r4_type(untyped) == R4_CAP_REMOTE_REF && is_empty(received) && is_empty(frame));
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    CHECK(r4_type(untyped) == R4_CAP_UNTYPED);
    meet();
}

static const struct test first_tests[] = {
    {"the revoke of the outermost loan ends all three", first_revokes_all, 1},
    {"the loans inside the outermost end alone", first_loses_the_inner, 1},
};

/* --- clusters 1 and 2 --- */

static void others_lose_all(void) {
    uint32_t received = posted();
    round_trip(received, received);
    meet();
    CHECK(is_empty(received));
}

static void second_revokes(void) {
    uint32_t received = posted();
    round_trip(received, received);
    meet();
    ALLOWED(r4_cap_revoke(r4_own(received)).error);
    CHECK(r4_type(received) == R4_CAP_UNTYPED);
    meet();
    meet();
    CHECK(is_empty(received));
}

static void third_loses_it(void) {
    uint32_t received = posted();
    round_trip(received, received);
    meet();
    meet();
    CHECK(is_empty(received));
    meet();
}

static const struct test second_tests[] = {
    {"the outermost loan goes with the one inside", others_lose_all, 1},
    {"it revokes what it has lent on", second_revokes, 1},
};

static const struct test third_tests[] = {
    {"the loan in the middle goes with the one inside", others_lose_all, 1},
    {"it goes while the outermost stays", third_loses_it, 1},
};

_Static_assert(R4_COUNT(first_tests) == R4_COUNT(second_tests) && R4_COUNT(first_tests) == R4_COUNT(third_tests),
               "each case has three sides");

const struct theme theme_first = {"triangle-first", first_tests, R4_COUNT(first_tests), 3};
const struct theme theme_second = {"triangle-second", second_tests, R4_COUNT(second_tests), 3};
const struct theme theme_third = {"triangle-third", third_tests, R4_COUNT(third_tests), 3};
