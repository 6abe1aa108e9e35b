/* SPDX-License-Identifier: MIT
 *
 * Hand-off between clusters 0 and 1: each case has a part on both sides. Both call meet() the same number of times.
 */
#include "lib/peer.h"
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/frame.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define LENDER   0U
#define BORROWER 1U

static uint64_t step;

static uint32_t peer(void) { return r4_info()->cluster == LENDER ? BORROWER : LENDER; }

/* Returns when both sides have got here. */
static void meet(void) {
    must(r4_debug_milestone(r4_debug(), ++step), "meeting");
    struct r4_result result = r4_debug_wait(r4_debug(), peer(), step);
    must(result.error == R4_OK && result.value == MILESTONE_FAILED ? R4_ERR_REVOKED : result.error, "meeting the peer");
}

static enum r4_error handoff(r4_cap_t cap, r4_cap_t untyped) {
    enum r4_error error;
    while ((error = r4_peer_handoff(cap, untyped)) == R4_ERR_NOT_CONNECTED) { /* not greeted each other yet */
        r4_pause();
    }
    return error;
}

static uint32_t peer_slot(void) { return r4_info()->slot_peers + peer(); }

/* --- cluster 0 --- */

static void refusals(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t used = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t weak = copy_with(peer_slot(), R4_ALL_RIGHTS & ~R4_SEND);
    r4_cap_t cap = r4_peer(peer());
    meet(); /* nothing is posted there */
    REFUSED(R4_ERR_NO_RECEIVE_SLOT, handoff(cap, r4_own(untyped)));
    REFUSED(R4_ERR_RIGHTS, handoff(r4_own(weak), r4_own(untyped)));
    REFUSED(R4_ERR_EMPTY, handoff(cap, r4_own(empty_slot())));
    REFUSED(R4_ERR_TYPE, handoff(cap, r4_own(weak)));
    REFUSED(R4_ERR_ARGUMENT, handoff(cap, r4_own(create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS - 1))));
    ALLOWED(r4_untyped_retype(r4_own(used), (struct r4_objects){R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, empty_slot()}));
    REFUSED(R4_ERR_CHILDREN, handoff(cap, r4_own(used)));
    ALLOWED(r4_cap_delete(r4_own(weak)));
    meet();
}

/* 2 MiB of the case's memory, made through a proxy with this TTL, so that they have it too. */
static uint32_t untyped_with_ttl(uint32_t ttl) {
    struct r4_proxy_content content = content_for(test_arena());
    uint32_t slot = empty_slot();
    uint64_t offset = round_up(r4_watermark(test_arena()), R4_LARGE_SIZE);
    content.ttl = ttl;
    ALLOWED(r4_untyped_retype(put(0, content), (struct r4_objects){R4_CAP_UNTYPED, R4_LARGE_BITS, 1, offset, slot}));
    CHECK(r4_ttl(slot) == ttl);
    return slot;
}

static void proxies_refused(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t last = untyped_with_ttl(0);
    struct r4_proxy_content content = content_for(peer_slot());
    meet();
    REFUSED(R4_ERR_TTL, handoff(r4_peer(peer()), r4_own(last)));
    content.flags = R4_PROXY_ONCE;
    REFUSED(R4_ERR_ONCE, handoff(put(0, content), r4_own(untyped)));
    (void)put_for(0, peer_slot());
    for (uint32_t i = 1; i <= R4_HANDOFF_HOPS; i++) {
        (void)put(i, content_for_proxy(i - 1));
    }
    REFUSED(R4_ERR_TTL, handoff(r4_own(proxy_index(R4_HANDOFF_HOPS)), r4_own(untyped)));
    REFUSED(R4_ERR_NO_RECEIVE_SLOT, handoff(r4_own(proxy_index(R4_HANDOFF_HOPS - 1)), r4_own(untyped)));
    REFUSED(R4_ERR_PROXY,
            handoff(r4_peer(peer()), put_for(0, untyped))); /* memory is handed off by its own capability only */
    meet();
}

static void lend_and_revoke(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t target = empty_slot();
    meet();
    ALLOWED(handoff(r4_peer(peer()), r4_own(untyped)));
    CHECK(r4_type(untyped) == R4_CAP_REMOTE_REF && r4_size_log2(untyped) == R4_LARGE_BITS);
    REFUSED(R4_ERR_TYPE, r4_cap_copy(r4_own(untyped), target, 0, 0));
    REFUSED(R4_ERR_TYPE, r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_FRAME, 12, 1, 0, target}));
    REFUSED(R4_ERR_TYPE, handoff(r4_peer(peer()), r4_own(untyped)));
    ALLOWED(r4_cap_move(r4_own(untyped), target));
    meet(); /* they look at it */
    meet();
    ALLOWED(r4_cap_revoke(r4_own(target)).error);
    CHECK(r4_type(target) == R4_CAP_UNTYPED && r4_watermark(target) == 0 && r4_ttl(target) == R4_TTL_MAX);
    meet();
}

static void lend_through_a_proxy(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    struct r4_proxy_content content = content_for(peer_slot());
    content.rights = R4_SEND;
    r4_cap_t cap = put(0, content);
    meet();
    ALLOWED(handoff(cap, r4_own(untyped)));
    CHECK(r4_type(untyped) == R4_CAP_REMOTE_REF);
    meet();
    ALLOWED(r4_cap_delete(r4_own(untyped))); /* revokes first */
    CHECK(is_empty(untyped));
    meet();
}

static void lend_with_ttl_1(void) {
    uint32_t untyped = untyped_with_ttl(1);
    meet();
    ALLOWED(handoff(r4_peer(peer()), r4_own(untyped)));
    meet();
    meet();
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    CHECK(r4_type(untyped) == R4_CAP_UNTYPED && r4_ttl(untyped) == 1);
    meet();
}

static uint32_t posted(void) {
    uint32_t receive_slot = empty_slot();
    ALLOWED(r4_peer_post(r4_peer(peer()), receive_slot));
    return receive_slot;
}

/* A new frame, mapped and written. */
static uint32_t frame_in(uint32_t received) {
    uint32_t frame = empty_slot();
    ALLOWED(r4_untyped_retype(r4_own(received), (struct r4_objects){R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, frame}));
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    CHECK(*(volatile uint64_t *)PLACE == 0);
    *(volatile uint64_t *)PLACE = 1;
    return frame;
}

static void gets_it_back(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t receive_slot = posted();
    meet();
    ALLOWED(handoff(r4_peer(peer()), r4_own(untyped)));
    meet(); /* they hand it back */
    meet();
    CHECK(r4_type(untyped) == R4_CAP_REMOTE_REF && r4_type(receive_slot) == R4_CAP_UNTYPED);
    CHECK(r4_ttl(receive_slot) == R4_TTL_MAX - 2 && (r4_flags(receive_slot) & R4_FLAG_RECEIVED) != 0);
    uint32_t frame = frame_in(receive_slot);
    REFUSED(R4_ERR_LOANED, r4_cap_delete(r4_own(receive_slot)));
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error); /* of the outer loan: ends both */
    CHECK(r4_type(untyped) == R4_CAP_UNTYPED && is_empty(receive_slot) && is_empty(frame));
    (void)frame_in(untyped);
    meet();
}

static void loses_it_again(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS);
    uint32_t receive_slot = posted();
    meet();
    ALLOWED(handoff(r4_peer(peer()), r4_own(untyped)));
    meet(); /* they hand it back */
    meet();
    uint32_t frame = frame_in(receive_slot);
    meet(); /* they revoke the inner loan */
    meet();
    CHECK(r4_type(untyped) == R4_CAP_REMOTE_REF && is_empty(receive_slot) && is_empty(frame));
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    CHECK(r4_type(untyped) == R4_CAP_UNTYPED);
    meet();
}

/* A part comes back, and is handed off once more: a loan in a loan in a loan. */
static void hands_off_again(void) {
    uint32_t untyped = create_sized(R4_CAP_UNTYPED, R4_LARGE_BITS + 1);
    uint32_t receive_slot = posted();
    meet();
    ALLOWED(handoff(r4_peer(peer()), r4_own(untyped)));
    meet(); /* they hand a half back */
    meet();
    CHECK(r4_type(receive_slot) == R4_CAP_UNTYPED && r4_size_log2(receive_slot) == R4_LARGE_BITS);
    ALLOWED(handoff(r4_peer(peer()), r4_own(receive_slot)));
    CHECK(r4_type(receive_slot) == R4_CAP_REMOTE_REF);
    meet(); /* they use it */
    meet();
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    CHECK(r4_type(untyped) == R4_CAP_UNTYPED && is_empty(receive_slot));
    meet();
}

static const struct test lender_tests[] = {
    {"hand-off: refusals", refusals, 1},
    {"hand-off: a TTL of 0, single-use proxies, memory through a proxy", proxies_refused, 1},
    {"hand-off, and revoke", lend_and_revoke, 1},
    {"hand-off through a proxy for the Peer capability, and delete", lend_through_a_proxy, 1},
    {"hand-off of memory with a TTL of 1", lend_with_ttl_1, 1},
    {"hand-back: the revoke of the outer loan ends both", gets_it_back, 1},
    {"hand-back: the inner loan ends alone", loses_it_again, 1},
    {"hand-back of a part that is handed off again", hands_off_again, 1},
};

/* --- cluster 1 --- */

/* Nothing shows here of what is refused there. */
static void sees_nothing(void) {
    meet();
    meet();
    CHECK(!r4_inspect_has_children_get(r4_cap_inspect(r4_peer(peer())).value));
}

static void borrow(void) {
    uint32_t receive_slot = posted();
    uint32_t frame = empty_slot();
    meet();
    meet();
    CHECK(r4_type(receive_slot) == R4_CAP_UNTYPED && r4_size_log2(receive_slot) == R4_LARGE_BITS);
    CHECK(r4_ttl(receive_slot) == R4_TTL_MAX - 1 && r4_rights(receive_slot) == R4_ALL_RIGHTS);
    CHECK((r4_flags(receive_slot) & R4_FLAG_RECEIVED) != 0);
    REFUSED(R4_ERR_LOANED, r4_cap_delete(r4_own(receive_slot)));
    REFUSED(R4_ERR_TYPE, r4_cap_copy(r4_own(receive_slot), frame, R4_ALL_RIGHTS, 0));
    ALLOWED(r4_untyped_retype(r4_own(receive_slot), (struct r4_objects){R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, frame}));
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    *(volatile uint64_t *)PLACE = 1;
    meet();
    meet();
    CHECK(is_empty(receive_slot) && is_empty(frame));
    space_map(make(R4_CAP_FRAME), PLACE, R4_READ); /* the mapping has gone, too */
}

static void borrow_through_a_proxy(void) {
    uint32_t receive_slot = empty_slot();
    ALLOWED(r4_peer_post(put_for(0, peer_slot()), receive_slot));
    meet();
    meet();
    meet();
    CHECK(is_empty(receive_slot));
}

static void borrow_with_ttl_0(void) {
    uint32_t receive_slot = posted();
    uint32_t target = empty_slots(2);
    meet();
    meet();
    CHECK(r4_type(receive_slot) == R4_CAP_UNTYPED && r4_ttl(receive_slot) == 0);
    REFUSED(R4_ERR_TTL, handoff(r4_peer(peer()), r4_own(receive_slot)));
    struct r4_proxy_content content = content_for(receive_slot);
    content.ttl = 0;
    REFUSED(R4_ERR_TTL, r4_cap_inspect(put(0, content)).error);
    ALLOWED(r4_untyped_retype(r4_own(receive_slot), (struct r4_objects){R4_CAP_UNTYPED, 12, 1, 0, target}));
    CHECK(r4_ttl(target) == 0);
    ALLOWED(r4_untyped_retype(r4_own(target), (struct r4_objects){R4_CAP_NOTIFICATION, 0, 1, 0, target + 1}));
    CHECK(r4_ttl(target + 1) == R4_TTL_MAX);
    meet();
    meet();
    CHECK(is_empty(receive_slot) && is_empty(target) && is_empty(target + 1));
}

static uint32_t hand_back(uint32_t receive_slot) {
    meet();
    meet();
    ALLOWED(handoff(r4_peer(peer()), r4_own(receive_slot)));
    CHECK(r4_type(receive_slot) == R4_CAP_REMOTE_REF && (r4_flags(receive_slot) & R4_FLAG_RECEIVED) != 0);
    return receive_slot;
}

static void gives_it_back(void) {
    uint32_t receive_slot = hand_back(posted());
    meet();
    meet();
    CHECK(is_empty(receive_slot));
}

static void takes_it_again(void) {
    uint32_t receive_slot = hand_back(posted());
    meet();
    meet();
    ALLOWED(r4_cap_revoke(r4_own(receive_slot)).error);
    CHECK(r4_type(receive_slot) == R4_CAP_UNTYPED && r4_ttl(receive_slot) == R4_TTL_MAX - 1);
    meet();
    meet();
    CHECK(is_empty(receive_slot));
}

static void gets_a_part_again(void) {
    uint32_t slots[] = {posted(), posted()};
    uint32_t part = empty_slot();
    uint32_t cap_page = empty_slot();
    meet();
    meet();
    uint32_t first = slots[0], again = slots[1];
    if (r4_type(first) != R4_CAP_UNTYPED) { /* which one is used is not promised */
        first = slots[1];
        again = slots[0];
    }
    ALLOWED(r4_untyped_retype(r4_own(first), (struct r4_objects){R4_CAP_UNTYPED, R4_LARGE_BITS, 1, 0, part}));
    ALLOWED(handoff(r4_peer(peer()), r4_own(part)));
    meet();
    meet();
    CHECK(r4_type(again) == R4_CAP_UNTYPED && r4_ttl(again) == R4_TTL_MAX - 3);
    ALLOWED(r4_untyped_retype(r4_own(again), (struct r4_objects){R4_CAP_CAP_PAGE, 0, 1, 0, cap_page}));
    meet();
    meet();
    CHECK(is_empty(first) && is_empty(again) && is_empty(part) && is_empty(cap_page));
}

static const struct test borrower_tests[] = {
    {"hand-off: nothing shows here of what is refused there", sees_nothing, 1},
    {"hand-off: nor of what proxies do not allow", sees_nothing, 1},
    {"hand-off: received memory is used, cannot be deleted, and goes with its objects", borrow, 1},
    {"hand-off: a receive slot posted through a proxy", borrow_through_a_proxy, 1},
    {"hand-off: memory with a TTL of 0 is used and not handed on", borrow_with_ttl_0, 1},
    {"hand-back: the lender's revoke takes both loans", gives_it_back, 1},
    {"hand-back: the borrower revokes what it has lent back", takes_it_again, 1},
    {"hand-back of a part that comes again", gets_a_part_again, 1},
};

_Static_assert(R4_COUNT(lender_tests) == R4_COUNT(borrower_tests), "each case has two sides");

const struct theme theme_lender = {"lender", lender_tests, R4_COUNT(lender_tests), 2};
const struct theme theme_borrower = {"borrower", borrower_tests, R4_COUNT(borrower_tests), 2};

bool peer_is_here(const struct theme *theme) {
    static const struct {
        const struct theme *theme;
        uint32_t cluster;
    } parts[] = {
        {&theme_lender, LENDER}, {&theme_borrower, BORROWER}, {&theme_first, 0}, {&theme_second, 1}, {&theme_third, 2}};
    for (uint32_t i = 0; i < R4_COUNT(parts); i++) {
        if (parts[i].theme == theme) {
            return r4_info()->cluster == parts[i].cluster;
        }
    }
    return true;
}
