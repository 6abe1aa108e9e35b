/* SPDX-License-Identifier: MIT
 *
 * The part of cluster 0: hand off, revoke, look at what came back.
 */
#include "lib/cap.h"
#include "lib/debug.h"
#include "lib/memory.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/traffic.h"
#include "lib/x86/clock.h"
#include "root/parts.h"
#include "root/range.h"
#include "root/table.h"
#include "root/workload.h"

#define CONNECT_TRIES 1000U

struct loan { /* to one cluster */
    uint32_t untyped;
    enum r4_error error; /* of the last step; R4_OK: the loan is as it should be */
    bool kept;           /* a dead cluster holds it */
    struct cost handoff;
    struct cost revoke;
};

static struct loan loans[R4_MAX_CLUSTERS];

/* Sleeps until the borrower has reached the milestone; `value` is what it says. */
static enum r4_error borrower_wait(uint32_t peer, uint64_t milestone, uint64_t *value) {
    struct r4_result result = r4_debug_wait(r4_debug(), peer, milestone);
    *value = result.value;
    return result.error == R4_OK && result.value == MILESTONE_FAILED ? R4_ERR_REVOKED : result.error;
}

static struct cost cost_since(struct traffic before, uint64_t begin) {
    uint64_t ticks = r4_ticks() - begin;
    struct traffic traffic = traffic_since(before);
    return (struct cost){ticks, traffic.messages, traffic.doorbells};
}

static void handoff(uint32_t peer, struct loan *loan) {
    uint64_t value;
    loan->error = borrower_wait(peer, BORROWER_POSTED, &value);
    if (loan->error != R4_OK) {
        return;
    }
    loan->untyped = memory_create(R4_CAP_UNTYPED, DEMO_RANGE_LOG2, 1);
    for (uint32_t i = 0; i < CONNECT_TRIES; i++) {
        struct traffic before = traffic_read();
        uint64_t begin = r4_ticks();
        loan->error = r4_peer_handoff(r4_peer(peer), r4_own(loan->untyped));
        loan->handoff = cost_since(before, begin);
        if (loan->error != R4_ERR_NOT_CONNECTED) {
            break;
        }
        r4_pause(); /* not connected yet */
    }
    if (loan->error != R4_OK) {
        print("cluster %u: hand-off: %s", peer, r4_error_text(loan->error));
    }
}

/* Returns false if the memory is not as it should be. */
static bool revoke(uint32_t peer, struct loan *loan) {
    uint64_t value;
    (void)borrower_wait(peer, BORROWER_RUNNING, &value); /* whatever it says, the memory has to come back */
    struct traffic before = traffic_read();
    uint64_t begin = r4_ticks();
    loan->error = r4_cap_revoke(r4_own(loan->untyped)).error;
    loan->revoke = cost_since(before, begin);
    if (loan->error != R4_OK) {
        loan->kept = loan->error == R4_ERR_CLUSTER_DOWN;
        print("cluster %u: revoke: %s", peer, r4_error_text(loan->error));
        return loan->kept;
    }
    bool quiet = range_is_quiet(loan->untyped);
    print("cluster %u's 2 MiB are back: own pattern %s after 10 ms", peer, quiet ? "unchanged" : "CHANGED");
    return quiet;
}

/* Adds what the borrower sent. */
static void counts_add(uint32_t peer, struct loan *loan) {
    uint64_t milestone;
    loan->error = borrower_wait(peer, BORROWER_DONE_MILESTONE, &milestone);
    if (loan->error == R4_OK) {
        loan->handoff.messages += demo_milestone_handoff_messages_get(milestone);
        loan->handoff.doorbells += demo_milestone_handoff_doorbells_get(milestone);
        loan->revoke.messages += demo_milestone_revoke_messages_get(milestone);
        loan->revoke.doorbells += demo_milestone_revoke_doorbells_get(milestone);
    }
}

static void table_print(uint32_t peers) {
    table_print_head();
    for (uint32_t peer = 1; peer < peers; peer++) {
        const struct loan *loan = &loans[peer];
        if (loan->error == R4_OK) {
            table_print_row(peer, WORKLOAD_OBJECTS, &loan->handoff, &loan->revoke);
        } else {
            table_print_missing(peer, loan->error);
        }
    }
}

bool lender_run(void) {
    uint32_t peers = r4_info()->cluster_count;
    bool good = true;
    bool kept = false;
    for (uint32_t peer = 1; peer < peers; peer++) {
        handoff(peer, &loans[peer]);
    }
    r4_debug_milestone(r4_debug(), LENDER_HANDED);
    for (uint32_t peer = 1; peer < peers; peer++) {
        if (loans[peer].error == R4_OK) {
            good &= revoke(peer, &loans[peer]);
        }
    }
    r4_debug_milestone(r4_debug(), LENDER_REVOKED);
    for (uint32_t peer = 1; peer < peers; peer++) {
        if (loans[peer].error == R4_OK) {
            counts_add(peer, &loans[peer]);
        }
        good &= loans[peer].error == R4_OK || loans[peer].error == R4_ERR_CLUSTER_DOWN;
        kept |= loans[peer].kept;
    }
    table_print(peers);
    enum r4_error error = memory_reset();
    if (kept) {
        print("what was lent to a dead cluster stays out");
    }
    return good && error == (kept ? R4_ERR_CLUSTER_DOWN : R4_OK);
}
