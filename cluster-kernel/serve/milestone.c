/* SPDX-License-Identifier: MIT
 *
 * Waits for the milestones of other clusters. A milestone only grows, and a cluster that has ended reaches no further.
 */
#include "serve/milestone.h"
#include "sched/operation.h"
#include <r4/contract.h>

/* False for a cluster that is down or has finished: it will reach no further milestone. */
static bool will_go_on(const struct r4_header *header) {
    /* Pairs with say_panicked() and shutdown_finish() in diag/: the last milestone was stored before the end. */
    uint32_t state = atomic_load_explicit(&header->state, memory_order_acquire);
    return state != R4_CLUSTER_PANICKED && state != R4_CLUSTER_FINISHED;
}

void milestone_check(void) {
    cluster_check_locked();
    struct operation *next;
    for (struct operation *operation = cluster.waiters; operation != NULL; operation = next) {
        next = operation->next;
        if (operation->kind != OPERATION_MILESTONE_WAIT) {
            continue;
        }
        const struct r4_header *header = peer_header(operation->peer->number);
        bool alive = will_go_on(header); /* loaded before the milestone: the last one was stored before the end */
        /* Pairs with sys_debug_milestone() of the peer: what the peer's cluster wrote before it. */
        uint64_t milestone = atomic_load_explicit(&header->milestone, memory_order_acquire);
        if (milestone >= operation->progress) {
            operation_finish_wait(operation, R4_OK, milestone);
        } else if (!alive) {
            operation_finish_wait(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
}
