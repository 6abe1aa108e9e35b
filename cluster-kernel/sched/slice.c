/* SPDX-License-Identifier: MIT
 *
 * Who has the slice, and until when.
 */
#include "sched/slice.h"
#include <r4/contract.h>

/* Its owner has had the whole slice, and becomes the last of its equals. The share's slice is that of the operation
 * that is first: then the next one is. */
static void slice_over(struct core *core, struct runqueue_member *owner) {
    struct runqueue_member *operation = runqueue_first(&cluster.orphans);
    owner->slice_left = 0;
    if (runqueue_contains(owner)) {
        runqueue_rotate(&core->queue, owner);
    }
    if (owner == &core->share && operation != NULL) {
        runqueue_rotate(&cluster.orphans, operation);
    }
}

/* The owner is served no longer: it keeps what is left, or has had all of it. */
static void slice_stop(struct core *core) {
    struct runqueue_member *owner = core->slice_owner;
    uint64_t now = machine_now();
    core->slice_owner = NULL;
    if (now < core->slice_end) {
        owner->slice_left = core->slice_end - now;
    } else {
        slice_over(core, owner);
    }
}

/* For the end of the slice, or for the console if that comes first. */
static void timer_arm(const struct core *core) {
    uint64_t due = core->console_due;
    if (due != 0 && (core->slice_end == 0 || due < core->slice_end)) {
        machine_timer_set(due);
    } else if (core->slice_end != 0) {
        machine_timer_set(core->slice_end);
    } else {
        machine_timer_stop();
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
    } else {
        core->slice_end = machine_now() + (owner->slice_left != 0 ? owner->slice_left : cluster.slice_ticks);
    }
    timer_arm(core);
}

void slice_tick(struct core *core) {
    cluster_check_locked();
    if (core->slice_owner != NULL && machine_now() >= core->slice_end) {
        slice_over(core, core->slice_owner);
        core->slice_owner = NULL;
        core->slice_end = 0;
    }
    if (core->console_due == 0) {
        return;
    }
    if (machine_now() >= core->console_due) {
        core->console_due = 0;
        cluster.poll = true;
    }
    timer_arm(core); /* it may have been armed for the other of the two */
}
