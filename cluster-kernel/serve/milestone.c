/* SPDX-License-Identifier: MIT
 *
 * Waits for the milestones of other clusters. A milestone only grows, and a cluster that has ended reaches no further.
 */
#include "serve/milestone.h"
#include "pure/compiler.h"
#include "sched/operation.h"
#include <r4/contract.h>

#define EFFORT     32U /* of one look: waits that are looked at, of which one that ends counts as END_EFFORT */
#define END_EFFORT 4U

/* Bit per peer for which so many wait that the effort did not do for all: the others go first. Under the cluster lock.
 */
static uint64_t tired;

/* False for a cluster that is down or has finished: it will reach no further milestone. */
static bool will_go_on(const struct r4_header *header) {
    /* Pairs with say() in diag/panic.c and shutdown_finish(): the last milestone was stored before the end. */
    return atomic_load_explicit(&header->state, memory_order_acquire) < R4_CLUSTER_FINISHED;
}

/* Looks at one wait. */
static void check_wait(struct peer *peer, struct operation *operation, uint64_t milestone, bool alive) {
    bool reached = milestone >= operation->progress;
    if (reached || !alive) {
        operation_finish(operation, reached ? R4_OK : R4_ERR_CLUSTER_DOWN, reached ? milestone : 0);
    } else {
        operation_wait_elsewhere(operation, &peer->milestone_later);
    }
}

/* Looks at those who wait for the peer; at all of them if it has reached more, or has ended. Returns what is left of
 * the effort; 0: there may be more to look at. */
static noinline uint32_t check_peer(struct peer *peer, uint32_t effort) {
    const struct r4_header *header = peer_header(peer->number);
    bool alive = will_go_on(header); /* loaded before the milestone: the last one was stored before the end */
    /* Pairs with sys_debug_milestone() of the peer: what the peer's cluster wrote before it. */
    uint64_t milestone = atomic_load_explicit(&header->milestone, memory_order_acquire);
    while (effort != 0) {
        struct operation *operation = peer->milestone_waits;
        if (operation != NULL) {
            uint32_t cost = milestone >= operation->progress || !alive ? END_EFFORT : 1;
            check_wait(peer, operation, milestone, alive);
            effort -= cost < effort ? cost : effort;
        } else if (peer->milestone_later != NULL && (!alive || milestone != peer->milestone_seen)) {
            peer->milestone_seen = milestone;
            operation_waits_move(&peer->milestone_later, &peer->milestone_waits);
        } else {
            return effort;
        }
    }
    return 0;
}

/* Looks at peers with what is left of the effort. */
static uint32_t check_peers(uint64_t which, uint32_t effort) {
    for (; which != 0 && effort != 0; which &= which - 1) {
        struct peer *peer = cluster.peers[__builtin_ctzll(which)];
        effort = check_peer(peer, effort);
        if (peer->milestone_waits == NULL && peer->milestone_later == NULL) {
            cluster.awaited &= ~(1ULL << peer->number);
        }
        tired |= effort == 0 ? 1ULL << peer->number : 0;
    }
    return effort;
}

static cold void check_some(uint64_t which) {
    uint64_t last = which & tired;
    uint32_t effort = check_peers(which & ~last, EFFORT);
    if (check_peers(last, effort) != 0) {
        tired = 0;
    } else {
        cluster.poll = true;
    }
}

/* False: all who wait for the peer have been looked at, and it is as far as it was then. */
static inline bool has_news(const struct peer *peer) {
    const struct r4_header *header = peer_header(peer->number);
    /* Relaxed: check_peer() loads them again. */
    return peer->milestone_waits != NULL ||
           atomic_load_explicit(&header->milestone, memory_order_relaxed) != peer->milestone_seen ||
           atomic_load_explicit(&header->state, memory_order_relaxed) >= R4_CLUSTER_FINISHED;
}

void milestone_look(void) {
    uint64_t news = 0;
    cluster_check_locked();
    for (uint64_t left = cluster.awaited; left != 0; left &= left - 1) {
        uint32_t number = (uint32_t)__builtin_ctzll(left);
        news |= has_news(cluster.peers[number]) ? 1ULL << number : 0;
    }
    if (news != 0) {
        check_some(news);
    }
}
