/* SPDX-License-Identifier: MIT
 *
 * Peers and messages as seen by cluster 1 of 4, through rings of one slot: what is sent in which order, which messages
 * of a peer count.
 */
#include "mailbox_world.h"

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

/* A step tells few of those who wait for a dead peer: a look that makes way tells the rest later. */
START_TEST(test_death_in_steps) {
    struct peer *peer = meet();
    atomic_store(&kernel_header(PEER)->state, R4_CLUSTER_SILENT);
    event_pending = true;
    rings(PEER);
    ck_assert_int_eq(peer->state, PEER_DEAD);
    for (to_tell = 5; to_tell != 0;) {
        uint32_t before = to_tell;
        ck_assert(cluster.poll);
        ck_assert_uint_eq(console_told, 0);
        poll_all(&own_core);
        ck_assert_uint_eq(to_tell, before - 1);
    }
    ck_assert_uint_eq(console_told, 1);
    ck_assert(!cluster.poll);
}
END_TEST

/* No answer is taken as long as some have not been told of the one before; of a living peer, and of a dead one. */
START_TEST(test_answer_waits_until_all_are_told) {
    struct peer *peer = meet();
    struct operation revoke;
    struct r4_message answer = accept_of(7);
    event_pending = true;
    for (uint32_t death = 0; death < 2; death++) {
        peer->waking = &revoke;
        to_tell = 3;
        received = 0;
        ck_assert(ring_has_room(&peer_out));
        ring_put(&peer_out, &answer);
        atomic_store(&kernel_header(PEER)->state, death != 0 ? R4_CLUSTER_SILENT : R4_CLUSTER_UP);
        rings(PEER);
        while (to_tell != 0) {
            ck_assert_uint_eq(received, 0);
            ck_assert(cluster.poll);
            poll_all(&own_core);
        }
        poll_all(&own_core);
        ck_assert_uint_eq(received, 1);
    }
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

SUITE_MAIN("kernel mailbox", test_order, test_doorbell_says_who, test_message_says_who, test_raise,
           test_slot_of_a_dying_page, test_order_at_the_end, test_record_that_does_not_exist, test_other_life,
           test_answer_of_a_dead_peer, test_death_in_steps, test_answer_waits_until_all_are_told,
           test_death_in_two_steps, test_question_of_a_dead_peer, test_only_who_rang, test_no_doorbell,
           test_stops_for_others, test_peer_that_never_stops, test_doorbell_target)
