/* SPDX-License-Identifier: MIT
 *
 * Polls all that comes from outside: console, peers, milestones, the end of the run.
 */
#include "poll.h"
#include "cluster/doorbell.h"
#include "diag/console.h"
#include "diag/shutdown.h"
#include "serve/milestone.h"
#include "serve/receive.h"
#include <r4/contract.h>

void poll_all(struct core *core) {
    cluster_check_locked();
    uint64_t rang = doorbell_answer();
    cluster.look |= rang;
    cluster.poll = console_poll(rang);
    if (cluster.to_ring != 0) {
        doorbell_ring_rest();
    }
    if (!cluster.linked) {
        return; /* mailbox_start() sets cluster.poll */
    }
    if (!receive_all(core)) {
        cluster.poll = true; /* the rest as well */
        return;
    }
    milestone_check();
    if (console_is_taken()) {
        shutdown_check();
    }
}
