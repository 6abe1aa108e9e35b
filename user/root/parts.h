/* SPDX-License-Identifier: MIT
 *
 * The parts of the demonstration, and the milestones (r4_debug_milestone) by which they keep step: what each cluster
 * says, in this order. Only the last one of a borrower carries more: how many messages and doorbells it sent for the
 * hand-off and for the revoke.
 */
#ifndef R4_ROOT_PARTS_H
#define R4_ROOT_PARTS_H

#include <r4/field.h>

enum {
    DEMO_STARTED = 1, /* all: the connections to all that have started are up */
    LENDER_HANDED,    /* every hand-off has been answered */
    LENDER_REVOKED,   /* every revoke has ended */
    BORROWER_POSTED = 2,
    BORROWER_RUNNING, /* all its threads have been seen to run */
    BORROWER_DONE     /* it has seen them stand still; see below */
};

DEFINE_FIELD(uint64_t, demo_milestone_revoke_doorbells, 15, 0)
DEFINE_FIELD(uint64_t, demo_milestone_revoke_messages, 23, 16)
DEFINE_FIELD(uint64_t, demo_milestone_handoff_doorbells, 39, 24)
DEFINE_FIELD(uint64_t, demo_milestone_handoff_messages, 47, 40)
#define BORROWER_DONE_MILESTONE ((uint64_t)BORROWER_DONE << 48)

#define DEMO_LENDER     0U
#define DEMO_RANGE_LOG2 R4_LARGE_BITS

/* The parts; false if something was not as it should be. */
bool lender_run(void);
bool borrower_run(void);
bool local_run(void); /* the only cluster */

#endif
