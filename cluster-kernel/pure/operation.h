/* SPDX-License-Identifier: MIT
 *
 * An operation under way: what a revoke, a delete, a retype that still zeroes, a hand-off, or a sweep for a peer
 * remembers from one preemption point to the next. It has already passed its checks. The record is in the thread that
 * called or in the loan record that is swept, never on a stack. The cluster lists all of them, because unlinking or
 * moving a slot must move the positions on it. All fields are under the cluster lock.
 */
#ifndef R4_PURE_OPERATION_H
#define R4_PURE_OPERATION_H

#include "slot.h"
#include <r4/contract.h>

enum operation_kind {
    OPERATION_NONE,
    OPERATION_REVOKE,
    OPERATION_DELETE,         /* a revoke that takes its root too */
    OPERATION_SWEEP,          /* a revoke that a peer asked for */
    OPERATION_DRAIN,          /* the cluster's own: one slot of a dying cap page with all that derives from it */
    OPERATION_CREATE,         /* retype: zeroes and initialises the new objects */
    OPERATION_JOIN,           /* waits for another revoke of the same slot */
    OPERATION_HANDOFF,        /* waits for ACCEPT or REFUSE */
    OPERATION_MILESTONE_WAIT, /* R4_OP_DEBUG_WAIT: waits for a milestone of a peer */
};

enum operation_phase {
    OPERATION_MARKING,  /* forward: every slot of the run becomes busy */
    OPERATION_REMOVING, /* backward: leaf by leaf */
    OPERATION_SETTLING, /* until all that died is gone and no core can reach it */
};

struct operation {
    enum operation_kind kind;
    enum operation_phase phase;
    struct operation *next; /* in the cluster's doubly linked list */
    struct operation *prev;
    struct operation *joined;  /* JOIN: the operation whose end it waits for */
    struct thread *thread;     /* who called; null for a sweep and the drain */
    struct peer *peer;         /* HANDOFF, SWEEP: to or from which peer; MILESTONE_WAIT: whose milestone */
    struct loan_out *loan_out; /* HANDOFF */
    struct loan_in *loan_in;   /* SWEEP */
    struct r4_slot *root;      /* null once another revoke has removed it */
    struct r4_slot *position;  /* MARKING: the last slot marked; REMOVING: the next to go; CREATE: the next to zero */
    struct r4_slot *last;      /* CREATE: the last to zero; below the position when none is left. Else null */
    uint64_t progress;         /* CREATE: bytes zeroed of the object at position; MILESTONE_WAIT: the milestone */
    uint32_t resumed;          /* how often it was preempted and resumed */
    uint32_t priority;         /* at which the cluster runs it when no thread does */
    enum r4_error error;
    bool waiting;   /* for a peer, or for the joined operation: must not be run */
    bool orphan;    /* run by the cluster, not by its thread: a sweep, or the thread is stopped */
    bool abandoned; /* the thread is gone: it ends without waiting for peers, and before the thread's memory is free */
};

/* CREATE: how many objects are still to be zeroed. Their slots follow each other. */
static inline uint64_t operation_remaining(const struct operation *operation) {
    KERNEL_CHECK(operation->kind == OPERATION_CREATE);
    return (uint64_t)(operation->last + 1 - operation->position);
}

/* The result of a step of an operation. */
enum operation_progress {
    OPERATION_FINISHED,
    OPERATION_PAUSED,  /* it yields and continues later */
    OPERATION_WAITING, /* for a peer, or for another operation */
    OPERATION_HELD_UP  /* an abandoned operation has to end first */
};

#endif
