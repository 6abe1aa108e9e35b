/* SPDX-License-Identifier: MIT
 *
 * Peers and messages as seen by cluster 1 of 4, through rings of one slot: what is sent in which order, which messages
 * of a peer count, which waits for a milestone end.
 */
#include "cluster/doorbell.h"
#include "kernel.h"
#include "peer/lend.h"
#include "peer/mailbox.h"
#include "peer/receive_slot.h"
#include "poll.h"
#include "pure/derivation.h"
#include "sched/operation.h"
#include "serve/borrow.h"
#include <stdlib.h>

#define PEER     2U
#define EPOCH    7U
#define PRIORITY 5U
#define WAITED   32U

static uint32_t received; /* messages about loans that were accepted; the loan of the last one */
static uint32_t received_loan;
static struct {
    struct operation *operation;
    enum r4_error error;
    uint64_t value;
} ended[WAITED]; /* waits, in order */
static uint32_t ended_count;

/* --- fakes --- */

static uint32_t rung_apic; /* by the last doorbell */
void machine_send(uint32_t apic_id, enum machine_event event) {
    ck_assert_int_eq(event, machine_doorbell(KERNEL_OWN));
    rung_apic = apic_id;
}
static bool event_pending;
bool machine_event_pending(void) { return event_pending; }
bool console_poll(uint64_t rang) {
    (void)rang;
    return false;
}
static uint32_t console_told; /* that a peer has died, or has said its last words */
void console_peer_died(void) { console_told++; }
bool console_is_taken(void) { return true; }
void shutdown_check(void) {}
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    (void)event;
    (void)first;
    (void)second;
}
static uint32_t received_before_death; /* messages that had come through when the peer was declared dead */
void lend_peer_died(struct core *core, struct peer *peer) {
    (void)core;
    ck_assert_int_eq(peer->state, PEER_DEAD);
    received_before_death = received;
}
void lock_pass(struct lock_node *node, struct core *core) {
    (void)node;
    (void)core;
}

void lend_answer(struct core *core, struct peer *peer, struct loan_out *loan, const struct r4_message *message) {
    ck_assert_ptr_eq(core, &own_core);
    ck_assert_uint_eq(peer->number, PEER);
    ck_assert_ptr_eq(loan, &peer->lent[message->loan]);
    received++;
    received_loan = message->loan;
}
void borrow_offer(struct peer *peer, struct loan_in *loan, const struct r4_message *message) {
    (void)peer;
    (void)loan;
    ck_abort_msg("an offer of loan %u", message->loan);
}
void borrow_sweep(struct core *core, struct peer *peer, struct loan_in *loan, const struct r4_message *message) {
    (void)core;
    (void)peer;
    (void)loan;
    ck_abort_msg("a revoke of loan %u", message->loan);
}

void operation_finish(struct operation *operation, enum r4_error error, uint64_t value) {
    ck_assert_uint_lt(ended_count, WAITED);
    ended[ended_count].operation = operation;
    ended[ended_count].error = error;
    ended[ended_count++].value = value;
}

/* --- the peer's end of both rings --- */

static struct ring_end peer_in;
static struct ring_end peer_out;

static void start(void) {
    r4_linker_boot_info.epoch = EPOCH;
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) {
        atomic_store(&kernel_header(number)->state, R4_CLUSTER_UP);
        r4_linker_boot_info.peer_priority[number] = PRIORITY;
    }
    cluster.lock.tail = &own_core.lock_node; /* held, and nobody wants it */
    mailbox_start(calloc(1, mailbox_memory_size()));
    peer_in = (struct ring_end){(struct r4_ring *)r4_linker_rings_out[PEER], 1, 0};
    peer_out = (struct ring_end){(struct r4_ring *)r4_linker_rings_in[PEER], 1, 0};
}

/* A doorbell of that cluster. */
static void rings(uint32_t number) {
    atomic_fetch_add(&((struct r4_ring *)r4_linker_rings_in[number])->rung, 1);
    cluster.rung |= 1U << number;
    poll_all(&own_core);
}

/* The peer takes the one message that this cluster has sent, and lets it send the next one. */
static struct r4_message peer_takes(void) {
    struct r4_message message = {.kind = R4_MESSAGE_NONE};
    bool wanted;
    ring_take(&peer_in, &message, &wanted);
    rings(PEER);
    return message;
}

static void peer_sends(struct r4_message message) {
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &message);
    rings(PEER);
}

/* Both sides know each other. */
static struct peer *meet(void) {
    start();
    ck_assert_int_eq(peer_takes().kind, R4_MESSAGE_HELLO);
    peer_sends((struct r4_message){.kind = R4_MESSAGE_HELLO, .source_epoch = 3, .target_epoch = EPOCH});
    ck_assert_int_eq(cluster.peers[PEER]->state, PEER_UP);
    return cluster.peers[PEER];
}

static struct r4_message accept_of(uint32_t loan) {
    return (struct r4_message){.kind = R4_MESSAGE_ACCEPT, .source_epoch = 3, .target_epoch = EPOCH, .loan = loan};
}

/* --- tests --- */

/* While the ring is full: answers go first, then requests by priority, those of one priority in the order of arrival.
 */
START_TEST(test_order) {
    static const struct {
        uint32_t loan;
        uint32_t priority;
    } requests[] = {{0, 5}, {1, 5}, {2, 9}, {3, 5}, {4, 9}, {5, 1}, {6, 255}, {7, 1}, {8, 0}, {9, 5}};
    static const uint32_t order[] = {6, 2, 4, 0, 1, 3, 9, 5, 7, 8};
    struct peer *peer = meet();
    mailbox_send_request(peer, &peer->lent[10].post, R4_MESSAGE_REVOKE, 0); /* fills the ring */
    for (size_t i = 0; i < R4_COUNT(requests); i++) {
        mailbox_send_request(peer, &peer->lent[requests[i].loan].post, R4_MESSAGE_OFFER, requests[i].priority);
    }
    for (uint32_t i = 0; i < 2; i++) {
        mailbox_send_answer(peer, &peer->received[20 + i].post, R4_MESSAGE_DONE, R4_OK);
    }
    ck_assert_uint_eq(peer_takes().loan, 10);
    ck_assert_uint_eq(peer_takes().loan, 20);
    ck_assert_uint_eq(peer_takes().loan, 21);
    for (size_t i = 0; i < R4_COUNT(order); i++) {
        struct r4_message message = peer_takes();
        ck_assert_int_eq(message.kind, R4_MESSAGE_OFFER);
        ck_assert_uint_eq(message.loan, order[i]);
    }
    ck_assert_int_eq(peer_takes().kind, R4_MESSAGE_NONE);
    mailbox_send_request(peer, &peer->lent[0].post, R4_MESSAGE_OFFER, 1); /* the queue is usable again */
    ck_assert_uint_eq(peer_takes().kind, R4_MESSAGE_OFFER);
}
END_TEST

/* A doorbell says who rang: the word in the ring to that cluster changes, once. */
START_TEST(test_doorbell_says_who) {
    meet();
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) {
        atomic_store(&((struct r4_ring *)r4_linker_rings_out[number])->rung, UINT32_MAX);
    }
    cluster.doorbells_sent = 0;
    doorbell_ring_all();
    ck_assert_uint_eq(cluster.doorbells_sent, KERNEL_CLUSTERS - 1);
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) {
        uint32_t rung = atomic_load(&((struct r4_ring *)r4_linker_rings_out[number])->rung);
        ck_assert_uint_eq(rung, number == KERNEL_OWN ? UINT32_MAX : 0);
    }
}
END_TEST

/* A message needs no such word, neither of the one who sends it nor of the one who gets it. */
START_TEST(test_message_says_who) {
    struct peer *peer = meet();
    struct r4_ring *out = (struct r4_ring *)r4_linker_rings_out[PEER];
    uint32_t rung = atomic_load(&out->rung);
    cluster.doorbells_sent = 0;
    mailbox_send_request(peer, &peer->lent[7].post, R4_MESSAGE_REVOKE, 0);
    ck_assert_uint_eq(cluster.doorbells_sent, 1);
    ck_assert_uint_eq(atomic_load(&out->rung), rung);
    struct r4_message answer = accept_of(7);
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &answer);
    cluster.rung |= 1U << PEER;
    poll_all(&own_core);
    ck_assert_uint_eq(received, 1);
}
END_TEST

/* A request that waits for a slot is sent earlier once somebody more urgent waits for it; never later. */
START_TEST(test_raise) {
    static const uint32_t order[] = {3, 0, 1, 2};
    struct peer *peer = meet();
    mailbox_send_request(peer, &peer->lent[10].post, R4_MESSAGE_OFFER, 0); /* fills the ring */
    for (uint32_t i = 0; i < 4; i++) {
        mailbox_send_request(peer, &peer->lent[i].post, R4_MESSAGE_REVOKE, 5);
    }
    mailbox_raise(peer, &peer->lent[0].post, 4);
    mailbox_raise(peer, &peer->lent[1].post, 5);
    mailbox_raise(peer, &peer->lent[3].post, 9);
    mailbox_raise(peer, &peer->lent[3].post, 8);
    mailbox_raise(peer, &peer->lent[20].post, 255); /* not queued: nothing happens */
    ck_assert_ptr_eq(peer->requests.last, &peer->lent[2].post);
    ck_assert_uint_eq(peer_takes().loan, 10);
    for (size_t i = 0; i < R4_COUNT(order); i++) {
        struct r4_message message = peer_takes();
        ck_assert_int_eq(message.kind, R4_MESSAGE_REVOKE);
        ck_assert_uint_eq(message.loan, order[i]);
    }
    ck_assert_int_eq(peer_takes().kind, R4_MESSAGE_NONE);
}
END_TEST

static _Alignas(R4_PAGE_SIZE) struct r4_slot pages[2][R4_SLOTS_PER_PAGE];

/* Posts a slot of that page for the peer, at that place. */
static void post(struct peer *peer, uint32_t place, struct r4_slot *page) {
    struct slot_content header = {.type = R4_CAP_HEADER};
    struct slot_content peer_cap = {.type = R4_CAP_PEER};
    slot_fill(&page[0], &header);
    slot_fill(&page[1], &peer_cap);
    receive_slot_post(peer, place, &page[1], &page[5]);
}

/* What is in a dying page is about to be removed: nothing is put there, while another slot is posted. */
START_TEST(test_slot_of_a_dying_page) {
    struct peer *peer = meet();
    post(peer, 0, pages[0]);
    ck_assert_ptr_eq(receive_slot_find(peer), &pages[0][5]);
    pages[0][0].word[0] = r4_slot_type_set(pages[0][0].word[0], R4_CAP_DYING);
    ck_assert_ptr_null(receive_slot_find(peer));
    post(peer, 1, pages[1]);
    ck_assert_ptr_eq(receive_slot_find(peer), &pages[1][5]);
}
END_TEST

/* What was added at the end of the queue is its last element, after which the next one goes. */
START_TEST(test_order_at_the_end) {
    struct peer *peer = meet();
    for (uint32_t i = 0; i < 4; i++) {
        mailbox_send_request(peer, &peer->lent[i].post, R4_MESSAGE_OFFER, 3);
        ck_assert(i == 0 || peer->requests.last == &peer->lent[i].post);
    }
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(peer_takes().loan, i);
    }
    ck_assert_ptr_null(peer->requests.first);
    ck_assert_ptr_null(peer->requests.last);
}
END_TEST

START_TEST(test_record_that_does_not_exist) {
    meet();
    peer_sends(accept_of(LOANS));
    peer_sends(accept_of(UINT32_MAX));
    ck_assert_uint_eq(received, 0);
    peer_sends(accept_of(LOANS - 1));
    ck_assert_uint_eq(received, 1);
    ck_assert_uint_eq(received_loan, LOANS - 1);
}
END_TEST

START_TEST(test_other_life) {
    meet();
    struct r4_message message = accept_of(0);
    message.source_epoch++;
    peer_sends(message);
    message = accept_of(0);
    message.target_epoch--;
    peer_sends(message);
    ck_assert_uint_eq(received, 0);
}
END_TEST

/* A wait for the peer's milestone to be `progress` or more. */
static struct operation *wait_for(struct peer *peer, uint64_t progress) {
    static struct operation wait;
    wait = (struct operation){.kind = OPERATION_MILESTONE_WAIT, .peer = peer, .progress = progress, .waiting = true};
    peer->milestone_waits = &wait;
    cluster.awaited = 1ULL << peer->number;
    return &wait;
}

static void expect_ended(const struct operation *operation, enum r4_error error, uint64_t value) {
    poll_all(&own_core);
    ck_assert_uint_eq(ended_count, 1);
    ck_assert_ptr_eq(ended[0].operation, operation);
    ck_assert_int_eq(ended[0].error, error);
    ck_assert_uint_eq(ended[0].value, value);
    operation->peer->milestone_waits = NULL;
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

/* What a peer has answered before it died counts; what it asked does not. */
START_TEST(test_answer_of_a_dead_peer) {
    struct peer *peer = meet();
    struct r4_message answer = accept_of(7);
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &answer);
    kernel_panics(PEER);
    rings(PEER);
    ck_assert_uint_eq(received, 1);
    ck_assert_uint_eq(received_loan, 7);
    ck_assert_uint_eq(received_before_death, 1);
    ck_assert_int_eq(peer->state, PEER_DEAD);
}
END_TEST

/* It is down as soon as it says so; the console can pass on only when its last words are said. */
START_TEST(test_death_in_two_steps) {
    struct peer *peer = meet();
    atomic_store(&kernel_header(PEER)->state, R4_CLUSTER_PANICKED);
    rings(PEER);
    ck_assert_int_eq(peer->state, PEER_DEAD);
    console_told = 0;
    atomic_store(&kernel_header(PEER)->state, R4_CLUSTER_SILENT);
    rings(PEER);
    ck_assert_uint_eq(console_told, 1);
}
END_TEST

START_TEST(test_question_of_a_dead_peer) {
    struct peer *peer = meet();
    struct r4_message question = accept_of(7);
    question.kind = R4_MESSAGE_OFFER; /* borrow_offer() would fail the test */
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &question);
    kernel_panics(PEER);
    rings(PEER);
    ck_assert_uint_eq(received, 0);
    ck_assert_int_eq(peer->state, PEER_DEAD);
}
END_TEST

/* A look goes to those who have rung: to all others it reads one word. */
START_TEST(test_only_who_rang) {
    meet();
    struct r4_ring *idle = (struct r4_ring *)r4_linker_rings_in[3];
    struct r4_message answer = accept_of(7);
    atomic_store(&idle->looking, 5); /* would be overwritten */
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &answer);
    rings(0);
    ck_assert_uint_eq(received, 0);
    rings(PEER);
    ck_assert_uint_eq(received, 1);
    ck_assert_uint_eq(atomic_load(&idle->looking), 5);
    rings(3);
    ck_assert_uint_eq(atomic_load(&idle->looking), 0);
}
END_TEST

/* Without a doorbell nobody is looked at. */
START_TEST(test_no_doorbell) {
    meet();
    struct r4_message answer = accept_of(7);
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &answer);
    atomic_fetch_add(&((struct r4_ring *)r4_linker_rings_in[PEER])->rung, 1);
    poll_all(&own_core);
    ck_assert_uint_eq(received, 0);
    cluster.rung = UINT32_MAX;
    poll_all(&own_core);
    ck_assert_uint_eq(received, 1);
}
END_TEST

/* A look that makes way stops whole, and goes on with the next peer; what is left is still to be looked at. */
START_TEST(test_stops_for_others) {
    meet();
    struct r4_ring *rings_of[] = {(struct r4_ring *)r4_linker_rings_in[0], NULL, NULL,
                                  (struct r4_ring *)r4_linker_rings_in[3]};
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number += 3) {
        atomic_store(&rings_of[number]->looking, 5);
        atomic_fetch_add(&rings_of[number]->rung, 1);
    }
    event_pending = true;
    cluster.rung = UINT32_MAX;
    rings(PEER);
    uint32_t left = (atomic_load(&rings_of[0]->looking) == 5) + (atomic_load(&rings_of[3]->looking) == 5);
    ck_assert_uint_ge(left, 1);
    ck_assert(cluster.poll);
    for (uint32_t turn = 0; turn < 2; turn++) {
        poll_all(&own_core);
    }
    ck_assert_uint_eq(atomic_load(&rings_of[0]->looking), 0);
    ck_assert_uint_eq(atomic_load(&rings_of[3]->looking), 0);
    ck_assert(!cluster.poll);
}
END_TEST

/* A peer whose ring is never empty does not keep another one waiting, whatever its number. */
START_TEST(test_peer_that_never_stops) {
    meet();
    struct ring_end other = {(struct r4_ring *)r4_linker_rings_in[0], 1, 0};
    struct r4_message hello = {.kind = R4_MESSAGE_HELLO, .source_epoch = 3, .target_epoch = EPOCH};
    struct r4_message answer = accept_of(7);
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &answer);
    atomic_fetch_add(&peer_out.ring->rung, 1);
    event_pending = true;
    cluster.rung = UINT32_MAX;
    cluster.look_next = 0;
    for (uint32_t turn = 0; turn < 2; turn++) {
        ck_assert_uint_eq(received, 0);
        ck_assert(ring_has_room(&other));
        ring_put(&other, &hello);
        rings(0);
    }
    ck_assert_uint_eq(received, 1);
}
END_TEST

/* A peer's header names whom to ring. If that is no core of the peer, or even everybody, its first core is rung. */
START_TEST(test_doorbell_target) {
    static const uint32_t cases[][2] = {{20, 20}, {22, 22},   {23, 23},    {24, 20},         {19, 20},
                                        {0, 20},  {0xff, 20}, {0x116, 20}, {UINT32_MAX, 20}, {1U << 31, 20}};
    meet();
    r4_linker_boot_info.apics[PEER] = (struct r4_boot_apics){20, 23};
    for (size_t i = 0; i < R4_COUNT(cases); i++) {
        atomic_store(&kernel_header(PEER)->doorbell_apic, cases[i][0]);
        doorbell_ring(PEER);
        ck_assert_uint_eq(rung_apic, cases[i][1]);
    }
}
END_TEST

SUITE_MAIN("kernel mailbox", test_answer_of_a_dead_peer, test_question_of_a_dead_peer, test_death_in_two_steps,
           test_order, test_order_at_the_end, test_record_that_does_not_exist, test_other_life, test_milestone,
           test_milestone_of_a_finished_peer, test_milestone_of_a_panicked_peer, test_only_who_rang, test_no_doorbell,
           test_stops_for_others, test_peer_that_never_stops, test_doorbell_says_who, test_message_says_who,
           test_doorbell_target, test_raise, test_slot_of_a_dying_page)
