/* SPDX-License-Identifier: MIT
 *
 * The states of operations under way, and who runs them.
 */
#include "sched/operation.h"
#include "cluster/cluster.h"
#include "pure/derivation.h"
#include "sched/sched.h"
#include "sched/stand.h"
#include <r4/contract.h>

static void list_insert(struct operation *operation) {
    operation->prev = NULL;
    operation->next = cluster.operations;
    if (operation->next != NULL) {
        operation->next->prev = operation;
    }
    cluster.operations = operation;
}

static void list_remove(struct operation *operation) {
    if (operation->prev != NULL) {
        operation->prev->next = operation->next;
    } else {
        cluster.operations = operation->next;
    }
    if (operation->next != NULL) {
        operation->next->prev = operation->prev;
    }
}

static void start(struct operation *operation, enum operation_kind kind, struct r4_slot *root, uint32_t priority) {
    KERNEL_CHECK(operation->kind == OPERATION_NONE && kind != OPERATION_NONE);
    cluster_check_locked();
    /* The fields that name slots, lists and cores are null between operations. */
    operation->kind = kind;
    operation->thread = NULL;
    operation->run = (struct run){OPERATION_MARKING, root, root};
    operation->queue.priority = priority;
    operation->resumed = 0;
    operation->error = R4_OK;
    operation->waiting = false;
    operation->orphan = false;
    operation->abandoned = false;
    list_insert(operation);
    if (root != NULL) {
        stand_add(operation, STAND_ROOT);
    }
}

struct operation *operation_start(struct core *core, struct thread *thread, enum operation_kind kind,
                                  struct r4_slot *root) {
    start(&thread->operation, kind, root, thread->queue.priority);
    thread->operation.thread = thread;
    core->reschedule = true;
    return &thread->operation;
}

void operation_start_orphan(struct operation *operation, enum operation_kind kind, struct r4_slot *root,
                            uint32_t priority) {
    start(operation, kind, root, priority);
    operation->orphan = true;
    runqueue_append(&cluster.orphans, &operation->queue);
}

void operation_root_set(struct operation *operation, struct r4_slot *root) {
    cluster_check_locked();
    operation_take(operation);
    stand_remove(operation, STAND_ROOT);
    operation->run = (struct run){OPERATION_MARKING, root, root};
    stand_add(operation, STAND_ROOT);
    operation_put(operation);
}

/* --- where it stands --- */

void operation_take_out(struct operation *operation) {
    operation->put = false;
    stand_remove(operation, STAND_POSITION);
    stand_remove(operation, STAND_LAST);
    stand_remove(operation, STAND_PAGE);
    stand_remove(operation, STAND_PAGE_ROOT);
    stand_remove(operation, STAND_PAGE_POSITION);
}

void operation_put(struct operation *operation) {
    if (operation->kind == OPERATION_CREATE) {
        if (operation_remaining(operation) != 0) { /* else its position may be past its page */
            operation->put = true;
            stand_add(operation, STAND_POSITION);
            stand_add(operation, STAND_LAST);
        }
        return;
    }
    if (operation->run.position != operation->run.root) { /* else what moves the root moves the position */
        operation->put = true;
        stand_add(operation, STAND_POSITION);
    }
    if (operation->page != NULL) {
        operation->put = true;
        stand_add(operation, STAND_PAGE);
        stand_add(operation, STAND_PAGE_ROOT);
        stand_add(operation, STAND_PAGE_POSITION);
    }
}

/* `slot` is about to be unlinked. The slots whose objects are still to be created follow each other from the position
 * to the last, each CREATING: nothing moves them, and only the first or the last of them can be removed. */
static void create_slot_gone(struct operation *operation, const struct r4_slot *slot) {
    operation_take(operation);
    if (slot == operation->run.position) {
        operation->run.position++;
        operation->progress = 0;
    } else {
        operation->last--;
    }
    operation->error = R4_ERR_REVOKED;
    operation_put(operation);
}

/* The next page in the ring of dying pages, or null if this is the only one. */
static struct r4_slot *died_after(const struct r4_slot *page) {
    struct r4_slot *next = slot_dying_next(machine_direct(), page);
    return next == page ? NULL : next;
}

void operation_follow(const struct r4_slot *slot) {
    struct operation *operation;
    enum stand_place place;
    while ((operation = stand_take(slot, &place)) != NULL) {
        if (operation->kind == OPERATION_CREATE) {
            create_slot_gone(operation, slot);
            continue;
        }
        switch (place) {
        case STAND_ROOT:
            stand_remove(operation, STAND_POSITION);
            operation->run.position = NULL;
            operation->run.root = NULL;
            break;
        case STAND_DIED:
            operation->died = died_after(slot);
            break;
        case STAND_POSITION:
            operation->run.position = slot_prev(machine_direct(), slot);
            break;
        case STAND_PAGE:
            operation->page = NULL;
            break;
        case STAND_PAGE_ROOT:
            stand_remove(operation, STAND_PAGE_POSITION);
            operation->page_run = (struct run){OPERATION_MARKING, NULL, NULL};
            break;
        case STAND_PAGE_POSITION:
            operation->page_run.position = slot_prev(machine_direct(), slot);
            break;
        default: /* LAST: of a CREATE only */
            break;
        }
        stand_add(operation, place);
    }
}

void operation_follow_to(const struct r4_slot *from, struct r4_slot *to) {
    struct operation *operation;
    enum stand_place place;
    slot_flags_clear(to, R4_FLAG_STANDS);
    while ((operation = stand_take(from, &place)) != NULL) {
        *operation_field(operation, place) = to;
        if (operation->stands[STAND_POSITION].operation == NULL && operation->run.position == from) {
            operation->run.position = to; /* where the root is */
        }
        stand_add(operation, place);
    }
}

/* --- waits --- */

void operation_wait_in(struct operation *operation, struct operation **list) {
    cluster_check_locked();
    KERNEL_CHECK(operation->wait_link == NULL);
    operation->wait_next = *list;
    operation->wait_link = list;
    if (*list != NULL) {
        (*list)->wait_link = &operation->wait_next;
    }
    *list = operation;
}

void operation_waits_move(struct operation **from, struct operation **to) {
    cluster_check_locked();
    KERNEL_CHECK(*to == NULL);
    *to = *from;
    *from = NULL;
    if (*to != NULL) {
        (*to)->wait_link = to;
    }
}

static void wait_end(struct operation *operation) {
    if (operation->wait_link == NULL) {
        return;
    }
    *operation->wait_link = operation->wait_next;
    if (operation->wait_next != NULL) {
        operation->wait_next->wait_link = operation->wait_link;
    }
    operation->wait_link = NULL;
}

void operation_wait_elsewhere(struct operation *operation, struct operation **list) {
    wait_end(operation);
    operation_wait_in(operation, list);
}

static void unqueue(struct operation *operation) {
    if (runqueue_contains(&operation->queue)) {
        runqueue_remove(&cluster.orphans, &operation->queue);
    }
}

void operation_wait(struct operation *operation) {
    cluster_check_locked();
    operation->waiting = true;
    unqueue(operation);
    if (!operation->orphan && operation->thread->state == THREAD_READY) {
        sched_unready(operation->thread, THREAD_BLOCKED);
    }
}

/* The cluster has to run it, unless a core works on it. */
static void enqueue(struct core *core, struct operation *operation) {
    if (operation->worker == NULL && !runqueue_contains(&operation->queue)) {
        runqueue_append(&cluster.orphans, &operation->queue);
    }
    sched_kick(core, operation->queue.priority);
}

void operation_wake(struct core *core, struct operation *operation) {
    cluster_check_locked();
    if (!operation->waiting) {
        return;
    }
    operation->waiting = false;
    wait_end(operation);
    operation->orphan = true;
    enqueue(core, operation);
}

/* --- the end --- */

struct operation *operation_inherit(struct operation *operation) {
    struct operation *heir = operation->joined;
    cluster_check_locked();
    struct operation *other = heir;
    for (uint32_t i = 0; i < OPERATION_HEIRS && other != NULL; i++, other = other->wait_next) {
        heir = other->queue.priority > heir->queue.priority ? other : heir;
    }
    if (heir == NULL) {
        return NULL;
    }
    wait_end(heir);
    heir->kind = OPERATION_REVOKE;
    heir->run.phase = OPERATION_TELLING;
    heir->error = operation->error;
    heir->joined = operation->joined;
    operation->joined = NULL;
    if (heir->joined != NULL) {
        heir->joined->wait_link = &heir->joined;
    }
    operation_wake(machine_core(), heir);
    return heir;
}

bool operation_tell(struct operation *operation) {
    cluster_check_locked();
    for (uint32_t i = 0; i < OPERATION_TELL && operation->joined != NULL; i++) {
        operation_finish(operation->joined, operation->error, 0);
    }
    return operation->joined == NULL;
}

/* The record is free; its thread is told by the caller. */
static void end(struct operation *operation) {
    operation_take(operation);
    stand_remove(operation, STAND_ROOT);
    stand_remove(operation, STAND_DIED);
    wait_end(operation);
    unqueue(operation);
    list_remove(operation);
    if (operation->worker != NULL) {
        operation->worker->working = NULL;
        operation->worker = NULL;
    }
    operation->run = (struct run){OPERATION_MARKING, NULL, NULL};
    operation->last = NULL;
    operation->page = NULL;
    operation->progress = 0;
    operation->kind = OPERATION_NONE;
}

void operation_finish(struct operation *operation, enum r4_error error, uint64_t value) {
    KERNEL_CHECK(operation->kind != OPERATION_NONE && operation->joined == NULL && operation->died == NULL);
    cluster_check_locked();
    struct thread *thread = operation->thread;
    end(operation);
    if (thread == NULL) {
        return;
    }
    if (operation->abandoned) { /* this was the last use of the thread's memory */
        operation_slot_unlink(&thread->pd_slot);
        return;
    }
    machine_regs_result(thread->registers, error, value);
    if (thread->state == THREAD_BLOCKED) {
        sched_ready(thread);
    }
}

/* --- who runs it --- */

void operation_orphan(struct core *core, struct operation *operation) {
    cluster_check_locked();
    operation->orphan = true;
    if (!operation->waiting) {
        enqueue(core, operation);
    }
}

void operation_hand_over(struct core *core, struct operation *operation) {
    KERNEL_CHECK(operation->thread->state == THREAD_READY && !operation->waiting);
    sched_unready(operation->thread, THREAD_BLOCKED);
    operation_orphan(core, operation);
}

/* The slots whose objects a retype has not made leave their list, from the last to the first. */
static void take_back(struct operation *operation) {
    uintptr_t direct = machine_direct();
    struct r4_slot *first = operation->run.position;
    struct r4_slot *last = operation->last;
    bool any = operation_remaining(operation) != 0;
    end(operation);
    if (!any) {
        return;
    }
    struct r4_slot *before = slot_prev(direct, first);
    uint64_t after = slot_next_ref(last);
    for (struct r4_slot *slot = last; slot >= first; slot--) {
        KERNEL_CHECK((slot_flags(slot) & R4_FLAG_CREATING) != 0);
        if ((slot_flags(slot) & R4_FLAG_STANDS) != 0) {
            operation_follow(slot);
        }
        slot_clear(slot);
    }
    derivation_join_over(direct, before, after, slot_ref_to(direct, before));
}

bool operation_abandon(struct core *core, struct operation *operation) {
    cluster_check_locked();
    enum operation_kind kind = operation->kind;
    if (kind == OPERATION_REVOKE || kind == OPERATION_DELETE) {
        operation->abandoned = true;
        operation->waiting = false;
        wait_end(operation);
        operation_orphan(core, operation);
        return true;
    }
    if (kind == OPERATION_CREATE) {
        take_back(operation);
    } else if (kind != OPERATION_NONE) {
        end(operation); /* what it waited for continues in its own record */
    }
    return false;
}

void operation_set_priority(struct operation *operation, uint32_t priority) {
    cluster_check_locked();
    bool queued = runqueue_contains(&operation->queue);
    unqueue(operation);
    operation->queue.priority = priority;
    if (queued) {
        runqueue_append(&cluster.orphans, &operation->queue);
    }
}

void operation_hold(struct core *core, struct operation *operation) {
    cluster_check_locked();
    core->working = operation;
    if (operation != NULL) {
        if (operation->worker != NULL) { /* its thread was moved here meanwhile */
            operation->worker->working = NULL;
        }
        operation->worker = core;
        unqueue(operation);
    }
}

void operation_release(struct core *core) {
    struct operation *operation = core->working;
    cluster_check_locked();
    core->working = NULL;
    if (operation == NULL) {
        return;
    }
    operation->worker = NULL;
    if (operation->orphan && !operation->waiting) {
        runqueue_append(&cluster.orphans, &operation->queue);
    }
}
