/* SPDX-License-Identifier: MIT
 *
 * Who has the slice, and until when.
 */
#include "sched/slice.h"
#include <r4/contract.h>

/* The owner is served no longer: it keeps what is left, or has had all of it. */
static void slice_stop(struct core *core) {
    struct runqueue_member *owner = core->slice_owner;
    uint64_t now = machine_now();
    core->slice_owner = NULL;
    if (now < core->slice_end) {
        owner->slice_left = core->slice_end - now;
    } else {
        owner->slice_left = 0;
        runqueue_rotate(&core->queue, owner);
    }
}

void slice_change(struct core *core, struct runqueue_member *owner) {
    cluster_check_locked();
    if (core->slice_owner != NULL) {
        slice_stop(core);
    }
    core->slice_owner = owner;
    if (owner == NULL) {
        core->slice_end = 0;
        machine_timer_stop();
        return;
    }
    core->slice_end = machine_now() + (owner->slice_left != 0 ? owner->slice_left : cluster.slice_ticks);
    machine_timer_set(core->slice_end);
}

void slice_tick(struct core *core) {
    cluster_check_locked();
    if (core->slice_owner != NULL && machine_now() >= core->slice_end) {
        runqueue_rotate(&core->queue, core->slice_owner);
        core->slice_owner->slice_left = 0;
        core->slice_owner = NULL;
        core->slice_end = 0;
    }
}
