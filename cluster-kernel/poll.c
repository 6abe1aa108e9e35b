/* SPDX-License-Identifier: MIT
 *
 * Polls all that comes from outside: console, peers, milestones, the end of the run.
 */
#include "poll.h"
#include "diag/console.h"
#include "diag/shutdown.h"
#include "serve/milestone.h"
#include "serve/receive.h"
#include <r4/contract.h>

void poll_all(struct core *core) {
    cluster_check_locked();
    cluster.poll = console_poll();
    if (!cluster.linked) {
        return; /* mailbox_start() sets cluster.poll */
    }
    if (!receive_all(core)) {
        cluster.poll = true;
    }
    milestone_check();
    shutdown_check();
}
