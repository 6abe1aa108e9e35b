/* SPDX-License-Identifier: MIT
 *
 * The part of the other clusters: receive memory, use it, see that it is taken away.
 */
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/memory.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/traffic.h"
#include "lib/window.h"
#include "root/parts.h"
#include "root/workload.h"

/* Sleeps until the lender has reached the milestone. R4_ERR_CLUSTER_DOWN: it never will; R4_ERR_REVOKED: it has given
 * up, and its milestone is the highest one. */
static enum r4_error lender_wait(uint64_t milestone) {
    struct r4_result result = r4_debug_wait(r4_debug(), DEMO_LENDER, milestone);
    if (result.error == R4_OK && result.value == MILESTONE_FAILED) {
        print("cluster %u: has failed", DEMO_LENDER);
        return R4_ERR_REVOKED;
    }
    if (result.error != R4_OK) {
        print("cluster %u: %s", DEMO_LENDER, r4_error_text(result.error));
    }
    return result.error;
}

/* The lender is gone, so there is nothing to show. Memory that has come cannot be given back, but is emptied. False if
 * the demonstration has failed: the lender has given up, or memory stays here. */
static bool lender_lost(enum r4_error error, uint32_t receive_slot) {
    bool received = r4_type(receive_slot) == R4_CAP_UNTYPED;
    must(received ? r4_cap_revoke(r4_own(receive_slot)).error : r4_cap_delete(r4_own(receive_slot)),
         "clean-up of the receive slot");
    must(memory_reset(), "clean-up");
    return error == R4_ERR_CLUSTER_DOWN && !received;
}

static uint64_t done_milestone(struct traffic handoff, struct traffic revoke) {
    uint64_t milestone = demo_milestone_handoff_messages_set(BORROWER_DONE_MILESTONE, handoff.messages);
    milestone = demo_milestone_handoff_doorbells_set(milestone, handoff.doorbells);
    milestone = demo_milestone_revoke_messages_set(milestone, revoke.messages);
    return demo_milestone_revoke_doorbells_set(milestone, revoke.doorbells);
}

bool borrower_run(void) {
    uint32_t receive_slot = slots_take(1);
    struct traffic before = traffic_read();
    must(r4_peer_post(r4_peer(DEMO_LENDER), receive_slot), "posting a receive slot");
    r4_debug_milestone(r4_debug(), BORROWER_POSTED);
    enum r4_error error = lender_wait(LENDER_HANDED);
    if (error != R4_OK) {
        return lender_lost(error, receive_slot);
    }
    struct traffic handoff = traffic_since_milestone(before);
    if (r4_type(receive_slot) != R4_CAP_UNTYPED) {
        fail(R4_ERR_EMPTY, "nothing was received");
    }
    workload_start(receive_slot);
    bool good = workload_runs();
    before = traffic_read();
    r4_debug_milestone(r4_debug(), BORROWER_RUNNING);
    error = lender_wait(LENDER_REVOKED);
    if (error != R4_OK) {
        return lender_lost(error, receive_slot);
    }
    struct traffic revoke = traffic_since_milestone(before);
    good &= workload_stands_still();
    bool empty = r4_type(receive_slot) == R4_CAP_EMPTY;
    print("after the revoke:  the receive slot is %s", empty ? "empty" : "NOT EMPTY");
    r4_debug_milestone(r4_debug(), done_milestone(handoff, revoke));
    must(memory_reset(), "clean-up");
    return good && empty;
}
