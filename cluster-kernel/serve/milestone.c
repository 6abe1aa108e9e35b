/* SPDX-License-Identifier: MIT
 *
 * Waits for the milestones of other clusters.
 */
#include "serve/milestone.h"
#include "sched/operation.h"
#include <r4/contract.h>

/* A cluster that is down or finished will not mark any more. */
static bool will_go_on(const struct r4_header *header) {
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
        bool alive = will_go_on(header); /* before the mark: its last mark came before its end */
        uint64_t mark = atomic_load_explicit(&header->mark, memory_order_acquire);
        if (mark >= operation->progress) {
            operation_finish_wait(operation, R4_OK, mark);
        } else if (!alive) {
            operation_finish_wait(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
}
