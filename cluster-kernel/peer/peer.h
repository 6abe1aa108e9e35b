/* SPDX-License-Identifier: MIT
 *
 * The connection to one peer: both ring ends, the peer's epoch, the two loan tables, what waits for a slot. In the
 * cluster's own memory, in the direct map, since the records' slots are part of derivation lists. All of it is under
 * the cluster lock.
 */
#ifndef R4_KERNEL_PEER_H
#define R4_KERNEL_PEER_H

#include "pure/loan.h"
#include "pure/ring.h"

#define PEER_RECEIVE_SLOTS 8U /* receive slots that may be posted at a time */

enum peer_state {
    PEER_WAITING, /* the HELLOs have not been exchanged yet */
    PEER_UP,
    PEER_DEAD /* the peer's header says PANICKED, or SILENT */
};

struct post_queue {
    struct post *first;
    struct post *last;
};

struct peer {
    uint32_t number;
    enum peer_state state;
    uint32_t peer_epoch;                               /* 0 = not known yet */
    uint32_t priority;                                 /* at which the peer's sweeps run here (layout) */
    bool hello_owed;                                   /* a HELLO waits for a slot */
    uint32_t buried;                                   /* messages taken since its death was seen */
    struct ring_end out;                               /* producer */
    struct ring_end in;                                /* consumer */
    struct post_queue answers;                         /* sent first */
    struct post_queue requests;                        /* by caller's priority */
    struct operation *milestone_waits;                 /* wait for its milestones, and have to be looked at */
    struct operation *milestone_later;                 /* wait for more than milestone_seen */
    uint64_t milestone_seen;                           /* its milestone when all were last looked at, or began to be */
    struct r4_slot *receive_slots[PEER_RECEIVE_SLOTS]; /* posted; word 1 of each has its index here */
    struct operation *waking;                          /* the first of those that lend_tell() still has to wake */
    uint64_t bereaved;                                 /* once DEAD: bit per record of `lent` that has to be told */
    uint64_t lent_taken;                               /* bit per record of `lent`: loan_take() */
    struct loan_out lent[LOANS];
    struct loan_in received[LOANS];
};

#endif
