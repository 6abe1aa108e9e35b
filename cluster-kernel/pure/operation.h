/* SPDX-License-Identifier: MIT
 *
 * An operation under way: what a revoke, a delete, a retype that still zeroes, a hand-off, or a sweep for a peer
 * remembers from one preemption point to the next. It has already passed its checks. The record is in the thread that
 * called or in the loan record that is swept, never on a stack. All fields are under the cluster lock.
 */
#ifndef R4_PURE_OPERATION_H
#define R4_PURE_OPERATION_H

#include "runqueue.h"
#include "slot.h"
#include <r4/contract.h>

enum operation_kind {
    OPERATION_NONE,
    OPERATION_REVOKE,
    OPERATION_DELETE,         /* a revoke that takes its root too */
    OPERATION_SWEEP,          /* a revoke that a peer asked for */
    OPERATION_CREATE,         /* retype: zeroes and initialises the new objects */
    OPERATION_JOIN,           /* waits for another revoke of the same slot */
    OPERATION_HANDOFF,        /* waits for ACCEPT or REFUSE */
    OPERATION_MILESTONE_WAIT, /* R4_OP_DEBUG_WAIT: waits for a milestone of a peer */
};

enum operation_phase {
    OPERATION_MARKING,  /* forward: every slot of the run becomes busy */
    OPERATION_REMOVING, /* backward: leaf by leaf */
    OPERATION_SETTLING, /* until the cap pages that died with what it removed are empty */
    OPERATION_TELLING,  /* the revoke has ended; those that joined it are told, some at a time */
};

/* A run of slots on its way out: the root and all that derives from it. */
struct run {
    enum operation_phase phase; /* MARKING or REMOVING; of an operation's own run: any */
    struct r4_slot *root;       /* null once another revoke has removed it */
    struct r4_slot *position;   /* MARKING: the last slot marked; REMOVING: the next to go */
};

/* A slot that an operation will come back to, in the cluster's table of such slots (sched/stand.h). The slot has
 * R4_FLAG_STANDS: whoever unlinks or moves a slot knows from a word that it has read anyway whether to look there. */
struct stand {
    struct stand *next;
    struct operation *operation; /* in whose `stands` it is; null: not in the table */
};

/* The fields that name slots, in the order of `stands`. The first two are in the table from their first value to their
 * last, the others only while nobody runs the operation. */
enum stand_place {
    STAND_ROOT,
    STAND_DIED,
    STAND_POSITION,
    STAND_LAST,
    STAND_PAGE,
    STAND_PAGE_ROOT,
    STAND_PAGE_POSITION,
    STAND_COUNT
};

struct operation {
    enum operation_kind kind;
    struct operation *next; /* all that are under way, for debuggers and checks: never searched */
    struct operation *prev;
    struct operation *wait_next;  /* in the list of what it waits for: of an operation, a loan or a peer */
    struct operation **wait_link; /* what names it there; null: it is in none */
    struct operation *joined;     /* the first of those that wait for its end */
    struct runqueue_member queue; /* its priority; in cluster.orphans while the cluster has to run it */
    struct core *worker;          /* paused by this core, which will resume it; else null */
    struct thread *thread;        /* who called; null for a sweep */
    struct peer *peer;            /* HANDOFF, SWEEP: to or from which peer; MILESTONE_WAIT: whose milestone */
    struct run run;               /* CREATE: its position is the next slot to zero */
    struct r4_slot *last;         /* CREATE: the last to zero; below the position when none is left. Else null */
    struct r4_slot *page;         /* the dying cap page that it empties, or null */
    struct run page_run;          /* of a slot in that page */
    struct r4_slot *died;         /* one of the ring of dying pages that it still has to empty, or null */
    struct stand stands[STAND_COUNT];
    uint64_t progress; /* CREATE: bytes zeroed of the object at position; MILESTONE_WAIT: the milestone; HANDOFF: the
                        * index of the loan */
    uint32_t resumed;  /* how often it was preempted and resumed */
    enum r4_error error;
    bool put;       /* nobody runs it: its fields from STAND_POSITION on are in the table */
    bool waiting;   /* for a peer, or for the joined operation: must not be run */
    bool orphan;    /* run by the cluster, not by its thread: a sweep, preempted, or the thread is stopped */
    bool abandoned; /* the thread is gone: it ends without waiting for peers, and before the thread's memory is free */
};

/* The field for a place. */
static inline struct r4_slot **operation_field(struct operation *operation, enum stand_place place) {
    static const uint16_t offsets[STAND_COUNT] = {
        [STAND_ROOT] = offsetof(struct operation, run.root),
        [STAND_DIED] = offsetof(struct operation, died),
        [STAND_POSITION] = offsetof(struct operation, run.position),
        [STAND_LAST] = offsetof(struct operation, last),
        [STAND_PAGE] = offsetof(struct operation, page),
        [STAND_PAGE_ROOT] = offsetof(struct operation, page_run.root),
        [STAND_PAGE_POSITION] = offsetof(struct operation, page_run.position),
    };
    return (struct r4_slot **)((char *)operation + offsets[place]);
}

/* Of a stand in the table: which place it is, and the slot. */
static inline enum stand_place stand_place(const struct stand *stand) {
    return (enum stand_place)(stand - stand->operation->stands);
}
static inline struct r4_slot *stand_slot(const struct stand *stand) {
    return *operation_field(stand->operation, stand_place(stand));
}

/* CREATE: how many objects are still to be zeroed. Their slots follow each other. */
static inline uint64_t operation_remaining(const struct operation *operation) {
    KERNEL_CHECK(operation->kind == OPERATION_CREATE);
    return (uint64_t)(operation->last + 1 - operation->run.position);
}

/* The result of a step of an operation. */
enum operation_progress {
    OPERATION_FINISHED,
    OPERATION_PAUSED,  /* it yields and continues later */
    OPERATION_WAITING, /* for a peer, or for another operation */
    OPERATION_HELD_UP  /* the abandoned operation of a dying thread in its run has to end first */
};

#endif
