/* SPDX-License-Identifier: MIT
 *
 * Waits for milestones of other clusters: which end, and how many are looked at in one step.
 */
#include "mailbox_world.h"

/* A wait for the peer's milestone to be `progress` or more. */
static struct operation *wait_for(struct peer *peer, uint64_t progress) {
    static struct operation waits[WAITED];
    static uint32_t count;
    struct operation *wait = &waits[count++];
    *wait = (struct operation){.kind = OPERATION_MILESTONE_WAIT, .peer = peer, .progress = progress, .waiting = true};
    operation_wait_in(wait, &peer->milestone_waits);
    cluster.awaited |= 1ULL << peer->number;
    return wait;
}

static void expect_ended(const struct operation *operation, enum r4_error error, uint64_t value) {
    poll_all(&own_core);
    ck_assert_uint_eq(ended_count, 1);
    ck_assert_ptr_eq(ended[0].operation, operation);
    ck_assert_int_eq(ended[0].error, error);
    ck_assert_uint_eq(ended[0].value, value);
    ck_assert_uint_eq(cluster.awaited, 0);
    ended_count = 0;
}

static void expect_waiting(void) {
    poll_all(&own_core);
    ck_assert_uint_eq(ended_count, 0);
}

START_TEST(test_milestone) {
    struct operation *wait = wait_for(meet(), 4);
    struct r4_header *header = kernel_header(PEER);
    atomic_store(&header->milestone, 3);
    atomic_store(&kernel_header(3)->milestone, 9); /* another cluster's */
    expect_waiting();
    atomic_store(&header->milestone, 6);
    expect_ended(wait, R4_OK, 6);
}
END_TEST

/* A cluster that has finished reaches no more milestones; those that it reached before count. */
START_TEST(test_milestone_of_a_finished_peer) {
    struct peer *peer = meet();
    struct r4_header *header = kernel_header(PEER);
    struct operation *wait = wait_for(peer, 4);
    atomic_store(&kernel_header(3)->state, R4_CLUSTER_FINISHED); /* another one */
    expect_waiting();
    atomic_store(&header->milestone, 3);
    atomic_store(&header->state, R4_CLUSTER_FINISHED);
    expect_ended(wait, R4_ERR_CLUSTER_DOWN, 0);
    wait = wait_for(peer, 3);
    expect_ended(wait, R4_OK, 3);
}
END_TEST

START_TEST(test_milestone_of_a_panicked_peer) {
    struct operation *wait = wait_for(meet(), 4);
    atomic_store(&kernel_header(PEER)->milestone, 3);
    kernel_panics(PEER);
    expect_ended(wait, R4_ERR_CLUSTER_DOWN, 0);
}
END_TEST

#define LOOK_ENDS  8U /* of one look */
#define LOOK_WAITS 32U

/* Looks until nothing is left to look at; each look does little. Returns how many waits were looked at. */
static uint32_t look_all(void) {
    uint32_t looked = 0;
    do {
        uint32_t before = ended_count;
        kept = 0;
        poll_all(&own_core);
        ck_assert_uint_le(ended_count - before, LOOK_ENDS);
        ck_assert_uint_le(kept + (ended_count - before), LOOK_WAITS);
        looked += kept + (ended_count - before);
    } while (cluster.poll);
    return looked;
}

/* Hundreds wait for milestones of several peers: a look is short, whether they go on, are reached, or never will be. */
START_TEST(test_many_milestones) {
    meet();
    for (uint32_t i = 0; i < 100; i++) {
        wait_for(cluster.peers[0], i);
        wait_for(cluster.peers[PEER], i);
        wait_for(cluster.peers[3], 1000);
    }
    ck_assert_uint_eq(look_all(), 300);
    ck_assert_uint_eq(ended_count, 2);
    ck_assert_uint_eq(look_all(), 0); /* nothing has changed */
    atomic_store(&kernel_header(0)->milestone, 59);
    atomic_store(&kernel_header(PEER)->milestone, 9);
    ck_assert_uint_eq(look_all(), 99 + 99);
    ck_assert_uint_eq(ended_count, 60 + 10);
    atomic_store(&kernel_header(PEER)->milestone, 10);
    atomic_store(&kernel_header(3)->state, R4_CLUSTER_FINISHED);
    ck_assert_uint_eq(look_all(), 90 + 100);
    ck_assert_uint_eq(ended_count, 60 + 11 + 100);
    for (uint32_t i = 60; i < ended_count; i++) {
        ck_assert_int_eq(ended[i].error, ended[i].operation->peer->number == 3 ? R4_ERR_CLUSTER_DOWN : R4_OK);
    }
    ck_assert_uint_eq(cluster.awaited, 1U << 0 | 1U << PEER);
}
END_TEST

/* A milestone that grows while those who wait for it are looked at: all are looked at once more. And a peer that
 * reaches one after the other does not keep another's waiting. */
START_TEST(test_milestones_that_never_stop) {
    meet();
    for (uint32_t i = 0; i < 100; i++) {
        wait_for(cluster.peers[0], 1000 + i);
    }
    wait_for(cluster.peers[3], 1);
    atomic_store(&kernel_header(3)->milestone, 1);
    for (uint32_t look = 1; look < 4; look++) {
        atomic_store(&kernel_header(0)->milestone, look);
        poll_all(&own_core);
        ck_assert(cluster.poll);
    }
    ck_assert_uint_eq(ended_count, 1);
    atomic_store(&kernel_header(0)->milestone, 1050);
    look_all();
    ck_assert_uint_eq(ended_count, 1 + 51);
}
END_TEST

SUITE_MAIN("kernel milestone", test_milestone, test_milestone_of_a_finished_peer, test_milestone_of_a_panicked_peer,
           test_many_milestones, test_milestones_that_never_stop)
