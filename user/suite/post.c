/* SPDX-License-Identifier: MIT
 *
 * What concerns another cluster, which does nothing about it: receive slots that are posted, and deleted before
 * anything is received; a call that waits.
 */
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/thread.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/runner.h"
#include "suite/themes.h"

#define RECEIVE_SLOTS_MAX 64U

static uint32_t peer(void) { return r4_info()->cluster == 0 ? 1 : 0; }
static uint32_t peer_slot(void) { return r4_info()->slot_peers + peer(); }

static void refusals(void) {
    uint32_t weak = copy_with(peer_slot(), R4_ALL_RIGHTS & ~R4_CONTROL);
    uint32_t target = empty_slot();
    REFUSED(R4_ERR_RIGHTS, r4_peer_post(r4_own(weak), target));
    REFUSED(R4_ERR_OCCUPIED, r4_peer_post(r4_peer(peer()), weak));
    REFUSED(R4_ERR_ADDRESS, r4_peer_post(r4_peer(peer()), 0));
    REFUSED(R4_ERR_ADDRESS, r4_peer_post(r4_peer(peer()), proxy_index(0)));
    REFUSED(R4_ERR_EMPTY, r4_peer_post(r4_peer(r4_info()->cluster), target)); /* there is none for this cluster */
    ALLOWED(r4_peer_post(r4_peer(peer()), target));
    CHECK(r4_type(target) == R4_CAP_RECEIVE_SLOT && r4_depth(target) == r4_depth(peer_slot()) + 1);
    ALLOWED(r4_cap_delete(r4_own(target)));
    ALLOWED(r4_cap_delete(r4_own(weak)));
}

static void as_many_as_there_are(void) {
    uint32_t targets = empty_slots(RECEIVE_SLOTS_MAX);
    uint32_t count = 0;
    while (count < RECEIVE_SLOTS_MAX && r4_peer_post(r4_peer(peer()), targets + count) == R4_OK) {
        count++;
    }
    CHECK(count > 0 && count < RECEIVE_SLOTS_MAX);
    REFUSED(R4_ERR_FULL, r4_peer_post(r4_peer(peer()), targets + count));
    ALLOWED(r4_cap_delete(r4_own(targets)));
    ALLOWED(r4_peer_post(r4_peer(peer()), targets));
    for (uint32_t i = 0; i < count; i++) {
        ALLOWED(r4_cap_delete(r4_own(targets + i)));
    }
}

static void receive_slot(void) {
    uint32_t target = empty_slot();
    uint32_t to = empty_slot();
    ALLOWED(r4_peer_post(r4_peer(peer()), target));
    REFUSED(R4_ERR_TYPE, r4_cap_copy(r4_own(target), to, 0, 0));
    REFUSED(R4_ERR_TYPE, r4_untyped_retype(r4_own(target), (struct r4_objects){R4_CAP_FRAME, 12, 1, 0, to}));
    ALLOWED(r4_cap_move(r4_own(target), to));
    ALLOWED(r4_cap_revoke(r4_own(to)).error);
    CHECK(is_empty(target) && r4_type(to) == R4_CAP_RECEIVE_SLOT);
    ALLOWED(r4_cap_delete(r4_own(to)));
}

static void goes_with_its_peer_capability(void) {
    uint32_t copy = copy_with(peer_slot(), R4_ALL_RIGHTS);
    uint32_t target = empty_slot();
    struct r4_proxy_content content = content_for(copy);
    content.rights = R4_CONTROL;
    content.flags = R4_PROXY_ONCE;
    ALLOWED(r4_peer_post(put(0, content), target));
    REFUSED(R4_ERR_EMPTY, r4_peer_post(r4_own(proxy_index(0)), empty_slot()));
    CHECK(r4_type(target) == R4_CAP_RECEIVE_SLOT);
    ALLOWED(r4_cap_delete(r4_own(copy)));
    CHECK(is_empty(target));
}

static _Noreturn void wait_for_ever(uint64_t unused) {
    (void)unused;
    for (;;) {
        (void)r4_debug_wait(r4_debug(), peer(), MILESTONE_FAILED - 1);
        runner_end();
    }
}

/* A thread whose call waits for another cluster, and is stopped meanwhile. */
static void call_under_way(void) {
    uint32_t thread = runner_run(test_arena(), wait_for_ever, 0);
    CHECK(!runner_has_ended());
    REFUSED(R4_ERR_RUNNING, r4_thread_start(r4_own(thread)));
    ALLOWED(r4_thread_stop(r4_own(thread)));
    REFUSED(R4_ERR_RUNNING, r4_thread_configure(r4_own(thread), r4_own(r4_info()->slot_pd), NULL, PLACE, 0));
    runner_go_on(thread); /* it goes on waiting */
    CHECK(!runner_has_ended());
    ALLOWED(r4_cap_delete(r4_own(thread)));
}

static const struct test tests[] = {
    {"refusals; a receive slot is deleted", refusals, 1},
    {"as many receive slots as a peer has room for", as_many_as_there_are, 1},
    {"a receive slot is moved, not copied", receive_slot, 1},
    {"through a single-use proxy; a receive slot goes with its Peer capability", goes_with_its_peer_capability, 1},
    {"a thread whose call waits is stopped and deleted, but not started or configured", call_under_way, 1},
};

const struct theme theme_post = {"post", tests, R4_COUNT(tests), 2};
