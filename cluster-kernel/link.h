/* SPDX-License-Identifier: MIT
 *
 * The link to one peer: both ring ends, both epochs, the two loan tables, what waits for a slot. In the cluster's own
 * memory (direct map: the records' slots are part of derivation lists), under the cluster lock.
 */
#ifndef R4_KERNEL_LINK_H
#define R4_KERNEL_LINK_H

#include "core/loan.h"
#include "core/ring.h"

#define LINK_LANDINGS 8U /* landing slots that may be posted at a time */

enum link_state {
    LINK_WAITING, /* HELLOs not yet exchanged */
    LINK_UP,
    LINK_DEAD /* the peer's header says PANICKED */
};

struct post_queue {
    struct post *first;
    struct post *last;
};

struct link {
    uint32_t peer;
    enum link_state state;
    uint32_t peer_epoch;                     /* 0 = not known yet */
    uint32_t priority;                       /* at which the peer's sweeps run here (layout) */
    bool hello_owed;                         /* a HELLO waits for a slot */
    struct ring_end out;                     /* producer */
    struct ring_end in;                      /* consumer */
    struct post_queue answers;               /* sent first */
    struct post_queue requests;              /* by caller's priority */
    struct r4_slot *landings[LINK_LANDINGS]; /* posted slots; a Landing's badge is its index here */
    uint32_t lent_count;                     /* records from here on have never been used */
    uint32_t received_count;
    struct loan_out lent[LOANS];
    struct loan_in received[LOANS];
};

#endif
