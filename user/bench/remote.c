/* SPDX-License-Identifier: MIT
 *
 * Figures between two clusters. Cluster 0 lends 2 MiB again and again; its peer makes objects of them and waits. Both
 * count the rounds, which have two steps each; their milestones say which step they have reached, and the peer's also
 * what it sent in the step before.
 */
#include "bench/bench.h"
#include "bench/costs.h"
#include "bench/together.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/observed.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/window.h"
#include "lib/x86/clock.h"

#define ROUNDS_EACH 16U
#define SETTLE_US   200U /* until the peer's cores have halted: what they still do would be counted */

/* How many objects the peer makes of the memory in each kind of round. The names of the cases stand in the image, where
 * an observer outside the guest finds them. */
static const struct kind {
    uint32_t objects;
    const char *name;
} kinds[] = {{0, "remote.revoke.0"}, {8, "remote.revoke.8"}, {64, "remote.revoke.64"}};
#define HANDOFF "remote.handoff"

/* Round 0 is not counted: the last messages of the greeting fall into it. */
#define ROUNDS (1U + ROUNDS_EACH * (uint32_t)R4_COUNT(kinds))

static uint32_t round_kind(uint32_t round) { return round == 0 ? 0 : (round - 1) / ROUNDS_EACH; }

static uint32_t step_before_handoff(uint32_t round) { return 2 * round + 1; } /* peer: posted; cluster 0: handed off */
static uint32_t step_before_revoke(uint32_t round) { return 2 * round + 2; }  /* peer: made;   cluster 0: revoked */

/* --- cluster 0 --- */

static struct costs handoffs;
static struct costs revokes[R4_COUNT(kinds)];

struct cost {
    int64_t ticks;
    struct traffic traffic;
};

/* What the peer's cores still do belongs to the case. */
static void observed_finish(void) {
    r4_spin_us(SETTLE_US);
    observed_end();
}

static struct cost handoff_measure(uint32_t untyped) {
    struct traffic before = traffic_read();
    r4_spin_us(SETTLE_US);
    observed_begin(HANDOFF);
    uint64_t begin = r4_ticks();
    enum r4_error error = r4_peer_handoff(r4_peer(BENCH_PEER), r4_own(untyped));
    struct cost cost = {figure_ticks(begin), traffic_since(before)};
    must(error, "hand-off");
    observed_finish();
    return cost;
}

static struct cost revoke_measure(uint32_t untyped, const char *name) {
    struct traffic before = traffic_read();
    r4_spin_us(SETTLE_US);
    observed_begin(name);
    uint64_t begin = r4_ticks();
    enum r4_error error = r4_cap_revoke(r4_own(untyped)).error;
    struct cost cost = {figure_ticks(begin), traffic_since(before)};
    must(error, "revoke");
    observed_finish();
    return cost;
}

static void cost_add(struct costs *costs, uint32_t round, struct cost own, uint64_t peer_milestone) {
    if (round == 0) {
        return;
    }
    struct traffic peer = traffic_of(peer_milestone);
    struct traffic sum = {own.traffic.messages + peer.messages, own.traffic.doorbells + peer.doorbells};
    costs_add(costs, own.ticks, sum);
}

void bench_remote(void) {
    static const struct traffic nothing = {0, 0};
    uint32_t untyped = memory_create(R4_CAP_UNTYPED, R4_LARGE_BITS, 1);
    costs_begin(&handoffs, HANDOFF, 0);
    for (uint32_t kind = 0; kind < R4_COUNT(revokes); kind++) {
        costs_begin(&revokes[kind], kinds[kind].name, 0);
    }
    step_wait(BENCH_PEER, step_before_handoff(0));
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct cost handoff = handoff_measure(untyped);
        step_reach(step_before_handoff(round), nothing);
        uint64_t milestone = step_wait(BENCH_PEER, step_before_revoke(round));
        cost_add(&handoffs, round, handoff, milestone);
        struct cost revoke = revoke_measure(untyped, kinds[round_kind(round)].name);
        step_reach(step_before_revoke(round), nothing);
        milestone = step_wait(BENCH_PEER, step_before_handoff(round + 1));
        cost_add(&revokes[round_kind(round)], round, revoke, milestone);
    }
    costs_print(&handoffs);
    for (uint32_t kind = 0; kind < R4_COUNT(revokes); kind++) {
        costs_print(&revokes[kind]);
    }
}

/* --- the peer --- */

static void objects_make(uint32_t untyped, uint32_t count) {
    if (count != 0) {
        uint32_t first = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, count);
        slots_give(first, count); /* they are empty when the next round takes them */
    }
}

/* One round; returns what was sent for its revoke. */
static struct traffic round_serve(uint32_t round, uint32_t receive_slot, struct traffic sent) {
    struct traffic before = traffic_read();
    must(r4_peer_post(r4_peer(0), receive_slot), "posting a receive slot");
    step_reach(step_before_handoff(round), sent);
    step_wait(0, step_before_handoff(round));
    sent = traffic_since_milestone(before);
    objects_make(receive_slot, kinds[round_kind(round)].objects);
    before = traffic_read();
    step_reach(step_before_revoke(round), sent);
    step_wait(0, step_before_revoke(round));
    must(r4_type(receive_slot) == R4_CAP_EMPTY ? R4_OK : R4_ERR_OCCUPIED, "the receive slot after the revoke");
    return traffic_since_milestone(before);
}

void bench_remote_peer(void) {
    struct traffic sent = {0, 0};
    uint32_t receive_slot = slots_take(1);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        sent = round_serve(round, receive_slot, sent);
    }
    step_reach(step_before_handoff(ROUNDS), sent);
}
