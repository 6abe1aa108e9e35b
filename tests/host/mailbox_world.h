/* SPDX-License-Identifier: MIT
 *
 * Peers and messages as seen by cluster 1 of 4, through rings of one slot: the fakes, and the peer's end of both rings.
 * Included once.
 */
#ifndef R4_TESTS_MAILBOX_WORLD_H
#define R4_TESTS_MAILBOX_WORLD_H

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
#define WAITED   300U

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
void lend_peer_died(struct peer *peer) {
    ck_assert_int_eq(peer->state, PEER_DEAD);
    received_before_death = received;
}
static uint32_t to_tell; /* steps of telling that are left */
bool lend_tell(struct core *core, struct peer *peer) {
    ck_assert(core == &own_core && peer->number == PEER);
    to_tell -= to_tell != 0;
    peer->waking = to_tell != 0 ? peer->waking : NULL;
    return to_tell == 0;
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

static uint32_t kept; /* waits that were looked at, and go on */

static inline void wait_end(struct operation *operation) {
    *operation->wait_link = operation->wait_next;
    if (operation->wait_next != NULL) {
        operation->wait_next->wait_link = operation->wait_link;
    }
}
void operation_wait_in(struct operation *operation, struct operation **list) {
    operation->wait_next = *list;
    operation->wait_link = list;
    if (*list != NULL) {
        (*list)->wait_link = &operation->wait_next;
    }
    *list = operation;
}
void operation_wait_elsewhere(struct operation *operation, struct operation **list) {
    wait_end(operation);
    operation_wait_in(operation, list);
    kept++;
}
void operation_waits_move(struct operation **from, struct operation **to) {
    ck_assert_ptr_null(*to);
    *to = *from;
    *from = NULL;
    if (*to != NULL) {
        (*to)->wait_link = to;
    }
}
void operation_finish(struct operation *operation, enum r4_error error, uint64_t value) {
    ck_assert_uint_lt(ended_count, WAITED);
    ended[ended_count].operation = operation;
    ended[ended_count].error = error;
    ended[ended_count++].value = value;
    wait_end(operation);
}

/* --- the peer's end of both rings --- */

static struct ring_end peer_in;
static struct ring_end peer_out;

static inline void start(void) {
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
static inline void rings(uint32_t number) {
    atomic_fetch_add(&((struct r4_ring *)r4_linker_rings_in[number])->rung, 1);
    cluster.rung |= 1U << number;
    poll_all(&own_core);
}

/* The peer takes the one message that this cluster has sent, and lets it send the next one. */
static inline struct r4_message peer_takes(void) {
    struct r4_message message = {.kind = R4_MESSAGE_NONE};
    bool wanted;
    ring_take(&peer_in, &message, &wanted);
    rings(PEER);
    return message;
}

static inline void peer_sends(struct r4_message message) {
    ck_assert(ring_has_room(&peer_out));
    ring_put(&peer_out, &message);
    rings(PEER);
}

/* Both sides know each other. */
static inline struct peer *meet(void) {
    start();
    ck_assert_int_eq(peer_takes().kind, R4_MESSAGE_HELLO);
    peer_sends((struct r4_message){.kind = R4_MESSAGE_HELLO, .source_epoch = 3, .target_epoch = EPOCH});
    ck_assert_int_eq(cluster.peers[PEER]->state, PEER_UP);
    return cluster.peers[PEER];
}

static inline struct r4_message accept_of(uint32_t loan) {
    return (struct r4_message){.kind = R4_MESSAGE_ACCEPT, .source_epoch = 3, .target_epoch = EPOCH, .loan = loan};
}

#endif
