/* SPDX-License-Identifier: MIT
 *
 * Waits for the milestones of other clusters. A milestone only grows, and a cluster that has ended reaches no further.
 */
#include "serve/milestone.h"
#include "sched/operation.h"
#include <r4/contract.h>

/* False for a cluster that is down or has finished: it will reach no further milestone. */
static bool will_go_on(const struct r4_header *header) {
    /* Pairs with say() in diag/panic.c and shutdown_finish(): the last milestone was stored before the end. */
    return atomic_load_explicit(&header->state, memory_order_acquire) < R4_CLUSTER_FINISHED;
}

static void check_peer(const struct peer *peer) {
    const struct r4_header *header = peer_header(peer->number);
    bool alive = will_go_on(header); /* loaded before the milestone: the last one was stored before the end */
    /* Pairs with sys_debug_milestone() of the peer: what the peer's cluster wrote before it. */
    uint64_t milestone = atomic_load_explicit(&header->milestone, memory_order_acquire);
    struct operation *next;
    for (struct operation *operation = peer->milestone_waits; operation != NULL; operation = next) {
        next = operation->wait_next;
        if (milestone >= operation->progress) {
            operation_finish(operation, R4_OK, milestone);
        } else if (!alive) {
            operation_finish(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
}

void milestone_check(void) {
    cluster_check_locked();
    for (uint64_t left = cluster.awaited; left != 0; left &= left - 1) {
        const struct peer *peer = cluster.peers[__builtin_ctzll(left)];
        check_peer(peer);
        if (peer->milestone_waits == NULL) {
            cluster.awaited &= ~(1ULL << peer->number);
        }
    }
}
