/* SPDX-License-Identifier: MIT
 *
 * The lists of operations under way, and who runs them. An operation is in exactly one list from its start to its end.
 */
#include "sched/operation.h"
#include "cluster/cluster.h"
#include "pure/derivation.h"
#include "sched/sched.h"
#include <r4/contract.h>

/* An operation that only waits has no position in a derivation list, so unlinking a slot need not check it. */
static struct operation **list_of(const struct operation *operation) {
    bool waits = operation->kind == OPERATION_JOIN || operation->kind == OPERATION_HANDOFF ||
                 operation->kind == OPERATION_MILESTONE_WAIT;
    return waits ? &cluster.waiters : &cluster.operations;
}

static void list_insert(struct operation *operation) {
    struct operation **list = list_of(operation);
    operation->prev = NULL;
    operation->next = *list;
    if (*list != NULL) {
        (*list)->prev = operation;
    }
    *list = operation;
}

static void list_remove(struct operation *operation) {
    if (operation->prev != NULL) {
        operation->prev->next = operation->next;
    } else {
        *list_of(operation) = operation->next;
    }
    if (operation->next != NULL) {
        operation->next->prev = operation->prev;
    }
}

struct operation *operation_start(struct core *core, struct thread *thread, enum operation_kind kind,
                                  struct r4_slot *root) {
    cluster_check_locked();
    KERNEL_CHECK(thread->operation.kind == OPERATION_NONE && kind != OPERATION_NONE);
    struct operation *operation = &thread->operation;
    *operation = (struct operation){
        .kind = kind, .thread = thread, .root = root, .position = root, .priority = thread->queue.priority};
    list_insert(operation);
    core->reschedule = true;
    return operation;
}

void operation_start_orphan(struct operation *operation, enum operation_kind kind, struct r4_slot *root,
                            uint32_t priority) {
    KERNEL_CHECK(operation->kind == OPERATION_NONE && kind != OPERATION_NONE);
    cluster_check_locked();
    *operation = (struct operation){.kind = kind, .root = root, .position = root, .priority = priority, .orphan = true};
    list_insert(operation);
    cluster.work = 1;
}

void operation_finish_wait(struct operation *operation, enum r4_error error, uint64_t value) {
    KERNEL_CHECK(operation->kind != OPERATION_NONE);
    cluster_check_locked();
    struct thread *thread = operation->thread;
    list_remove(operation);
    operation->kind = OPERATION_NONE;
    if (thread == NULL || operation->abandoned) {
        return;
    }
    machine_regs_result(thread->registers, error, value);
    if (thread->state == THREAD_BLOCKED) {
        sched_ready(thread);
    }
}

static bool has_joined(const struct operation *other, const struct operation *operation) {
    return other->kind == OPERATION_JOIN && other->joined == operation;
}

struct operation *operation_heir(const struct operation *operation) {
    cluster_check_locked();
    struct operation *heir = NULL;
    for (struct operation *other = cluster.waiters; other != NULL; other = other->next) {
        if (has_joined(other, operation) && (heir == NULL || other->priority > heir->priority)) {
            heir = other;
        }
    }
    return heir;
}

void operation_inherit(struct operation *heir, const struct operation *operation) {
    KERNEL_CHECK(has_joined(heir, operation) && operation->root != NULL);
    list_remove(heir);
    heir->kind = OPERATION_REVOKE;
    heir->root = operation->root;
    heir->position = operation->root;
    list_insert(heir);
    for (struct operation *other = cluster.waiters; other != NULL; other = other->next) {
        if (has_joined(other, operation)) {
            other->joined = heir;
        }
    }
    operation_wake(machine_core(), heir);
}

void operation_finish(struct operation *operation, enum r4_error error, uint64_t value) {
    cluster_check_locked();
    struct operation *next;
    for (struct operation *other = cluster.waiters; other != NULL; other = next) {
        next = other->next;
        if (has_joined(other, operation)) {
            operation_finish_wait(other, error, 0);
        }
    }
    operation_finish_wait(operation, error, value);
}

void operation_wait(struct operation *operation) {
    cluster_check_locked();
    operation->waiting = true;
    if (!operation->orphan && operation->thread->state == THREAD_READY) {
        sched_unready(operation->thread, THREAD_BLOCKED);
    }
}

void operation_wake(struct core *core, struct operation *operation) {
    cluster_check_locked();
    if (!operation->waiting) {
        return;
    }
    operation->waiting = false;
    if (operation->orphan) {
        cluster.work = 1;
        sched_kick(core, operation->priority);
    } else if (operation->thread->state == THREAD_BLOCKED) {
        sched_ready(operation->thread);
    }
}

static bool waits_for_loans(const struct operation *operation) {
    return operation->waiting && (operation->kind == OPERATION_REVOKE || operation->kind == OPERATION_DELETE ||
                                  operation->kind == OPERATION_SWEEP);
}

void operation_wake_loans(struct core *core) {
    cluster_check_locked();
    for (struct operation *operation = cluster.operations; operation != NULL; operation = operation->next) {
        if (waits_for_loans(operation)) {
            operation_wake(core, operation);
        }
    }
}

void operation_orphan(struct core *core, struct operation *operation) {
    cluster_check_locked();
    operation->orphan = true;
    if (!operation->waiting) {
        cluster.work = 1;
        sched_kick(core, operation->priority);
    }
}

void operation_abandon(struct core *core, struct operation *operation) {
    cluster_check_locked();
    enum operation_kind kind = operation->kind;
    operation->abandoned = true;
    if (kind == OPERATION_REVOKE || kind == OPERATION_DELETE || kind == OPERATION_CREATE) {
        operation->waiting = false;
        operation_orphan(core, operation);
    } else {
        operation_finish_wait(operation, R4_ERR_REVOKED, 0); /* what it waited for continues in its own record */
    }
}

static bool is_in_work(const struct operation *operation) {
    for (uint32_t i = 0; i < core_count(); i++) {
        if (cluster.cores[i]->working == operation) {
            return true;
        }
    }
    return false;
}

struct operation *operation_of_cluster(uint32_t priority) {
    cluster_check_locked();
    struct operation *best = NULL;
    bool any = false;
    for (struct operation *operation = cluster.operations; operation != NULL; operation = operation->next) {
        if (!operation->orphan || operation->waiting) {
            continue;
        }
        any = true;
        if ((best == NULL || operation->priority > best->priority) && !is_in_work(operation)) {
            best = operation;
        }
    }
    if (!any) {
        cluster.work = 0;
    }
    return best != NULL && best->priority >= priority ? best : NULL;
}

struct operation *operation_abandoned(void) {
    struct operation *operation = cluster.operations;
    while (operation != NULL && !operation->abandoned) {
        operation = operation->next;
    }
    return operation;
}

bool operation_shares_root(const struct operation *operation) {
    const struct operation *other = cluster.operations;
    while (other != NULL && (other == operation || other->root != operation->root)) {
        other = other->next;
    }
    return other != NULL;
}

/* `slot` is about to be unlinked. The slots whose objects are still to be created follow each other from the position
 * to the last, each CREATING: nothing moves them, and only the first or the last of them can be removed. */
static void create_slot_gone(struct operation *operation, const struct r4_slot *slot) {
    if (operation_remaining(operation) == 0) { /* all are removed: the slot is not one of this operation */
        return;
    }
    if (slot == operation->position) {
        operation->position++;
        operation->progress = 0;
    } else {
        operation->last--;
    }
    operation->error = R4_ERR_REVOKED;
}

void operation_follow(struct operation *operation, const struct r4_slot *slot) {
    if (operation->kind == OPERATION_CREATE) {
        create_slot_gone(operation, slot);
        return;
    }
    if (operation->position == slot) {
        operation->position = slot_prev(machine_direct(), slot);
    }
    if (operation->root == slot) {
        operation->root = NULL;
    }
}

void operation_drain_add(struct r4_slot *header) {
    KERNEL_CHECK(slot_type(header) == R4_CAP_HEADER);
    cluster_check_locked();
    slot_dying_next_set(machine_direct(), header, cluster.dying);
    cluster.dying = header;
    if (cluster.drain.kind == OPERATION_NONE) {
        operation_start_orphan(&cluster.drain, OPERATION_DRAIN, NULL, 0);
        cluster.drain.phase = OPERATION_SETTLING;
    }
}
