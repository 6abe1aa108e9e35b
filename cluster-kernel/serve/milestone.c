/* SPDX-License-Identifier: MIT
 *
 * Waits for the milestones of other clusters. A milestone only grows, and a cluster that has ended reaches no further.
 */
#include "serve/milestone.h"
#include "sched/operation.h"
#include <r4/contract.h>

#define AT_A_TIME 8U /* waits that end in one look */

/* False for a cluster that is down or has finished: it will reach no further milestone. */
static bool will_go_on(const struct r4_header *header) {
    /* Pairs with say() in diag/panic.c and shutdown_finish(): the last milestone was stored before the end. */
    return atomic_load_explicit(&header->state, memory_order_acquire) < R4_CLUSTER_FINISHED;
}

/* False if more than AT_A_TIME had waited for what the peer has reached. */
static bool check_peer(const struct peer *peer) {
    const struct r4_header *header = peer_header(peer->number);
    bool alive = will_go_on(header); /* loaded before the milestone: the last one was stored before the end */
    /* Pairs with sys_debug_milestone() of the peer: what the peer's cluster wrote before it. */
    uint64_t milestone = atomic_load_explicit(&header->milestone, memory_order_acquire);
    struct operation *next;
    uint32_t ended = 0;
    for (struct operation *operation = peer->milestone_waits; operation != NULL && ended < AT_A_TIME;
         operation = next) {
        next = operation->wait_next;
        bool reached = milestone >= operation->progress;
        if (reached || !alive) {
            operation_finish(operation, reached ? R4_OK : R4_ERR_CLUSTER_DOWN, reached ? milestone : 0);
            ended++;
        }
    }
    return ended < AT_A_TIME;
}

void milestone_check(void) {
    cluster_check_locked();
    for (uint64_t left = cluster.awaited; left != 0; left &= left - 1) {
        const struct peer *peer = cluster.peers[__builtin_ctzll(left)];
        if (!check_peer(peer)) {
            cluster.poll = true;
        }
        if (peer->milestone_waits == NULL) {
            cluster.awaited &= ~(1ULL << peer->number);
        }
    }
}
