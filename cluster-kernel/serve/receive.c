/* SPDX-License-Identifier: MIT
 *
 * Taking messages out of the peers' rings. A message is checked here for its epochs and its index; its other fields are
 * checked by the function that gets it.
 */
#include "serve/receive.h"
#include "cluster/doorbell.h"
#include "diag/console.h"
#include "peer/lend.h"
#include "peer/mailbox.h"
#include "pure/compiler.h"
#include "serve/borrow.h"
#include <r4/contract.h>

static void hello(struct peer *peer, const struct r4_message *message) {
    if (message->source_epoch == 0 || (peer->peer_epoch != 0 && peer->peer_epoch != message->source_epoch)) {
        return;
    }
    peer->peer_epoch = message->source_epoch;
    if (message->target_epoch == boot_info()->epoch) {
        peer->state = PEER_UP;
        return;
    }
    peer->hello_owed = true; /* it does not know our epoch yet */
}

/* Passes a message with valid epochs and index to the record that it names. */
static void deliver(struct core *core, struct peer *peer, const struct r4_message *message) {
    switch (message->kind) {
    case R4_MESSAGE_OFFER:
        borrow_offer(peer, &peer->received[message->loan], message);
        break;
    case R4_MESSAGE_REVOKE:
        borrow_sweep(core, peer, &peer->received[message->loan], message);
        break;
    default:
        lend_answer(core, peer, &peer->lent[message->loan], message);
        break;
    }
}

static always_inline void receive(struct core *core, struct peer *peer, const struct r4_message *message) {
    trace(TRACE_RECEIVED, peer->number, (uint64_t)message->loan << 32 | message->kind);
    if (message->kind == R4_MESSAGE_HELLO) {
        hello(peer, message);
        return;
    }
    if (message->source_epoch != peer->peer_epoch || message->target_epoch != boot_info()->epoch ||
        message->loan >= LOANS) {
        return; /* from before a restart, or invalid */
    }
    if (peer->state == PEER_WAITING) {
        peer->state = PEER_UP; /* it knows our epoch: our HELLO has arrived */
    }
    deliver(core, peer, message);
}

/* Pairs with say() in diag/panic.c: everything that it has sent. */
static bool has_died(const struct peer *peer) {
    return atomic_load_explicit(&peer_header(peer->number)->state, memory_order_acquire) >= R4_CLUSTER_PANICKED;
}

static bool is_answer(const struct r4_message *message) {
    return message->kind == R4_MESSAGE_ACCEPT || message->kind == R4_MESSAGE_REFUSE || message->kind == R4_MESSAGE_DONE;
}

/* The peer has died. What it had answered by then counts; what it asked is dropped. has_died() was an acquire, so all
 * that it had put is seen. A ring holds no more messages than it has slots: whatever is in the dead memory, this ends.
 * Then the peer is DEAD, and those who wait for it have to be told. */
static void bury(struct core *core, struct peer *peer) {
    struct r4_message message;
    bool wanted;
    if (peer->buried < peer->in.slots && ring_take(&peer->in, &message, &wanted)) {
        peer->buried++;
        if (is_answer(&message)) {
            receive(core, peer, &message);
        }
        return;
    }
    peer->state = PEER_DEAD;
    lend_peer_died(peer);
}

/* Its last words are said, too, once it is SILENT: it may have owned the console. */
static cold bool look_at_dead(struct core *core, struct peer *peer) {
    if (peer->state != PEER_DEAD) {
        bury(core, peer);
        return false;
    }
    bool told = lend_tell(core, peer);
    if (told) {
        console_peer_died();
    }
    return told;
}

/* Tells who waits for what the peer has answered; or checks if it has died, takes one message, sends what waits for a
 * slot. True if there is nothing more until the peer rings again. */
static bool look_at(struct core *core, struct peer *peer) {
    struct r4_message message;
    bool wanted;
    if (unlikely(peer->waking != NULL)) {
        lend_tell(core, peer);
        return false;
    }
    if (unlikely(has_died(peer))) {
        return look_at_dead(core, peer);
    }
    ring_look(&peer->in);
    if (ring_take(&peer->in, &message, &wanted)) {
        if (wanted) {
            doorbell_ring(peer->number);
        }
        receive(core, peer, &message);
        if (unlikely(peer->waking != NULL)) {
            return false;
        }
    }
    if (mailbox_is_waiting(peer)) {
        mailbox_flush(peer);
    }
    return !ring_rest(&peer->in);
}

/* The first peer to be looked at from `number` on, going round. */
static uint32_t next_peer(uint32_t number) {
    uint64_t later = cluster.look & ~0ULL << number;
    return (uint32_t)__builtin_ctzll(later != 0 ? later : cluster.look);
}

/* One message of each peer in turn: a peer that never stops keeps no other waiting. */
bool receive_all(struct core *core) {
    cluster_check_locked();
    while (cluster.look != 0) {
        uint32_t number = next_peer(cluster.look_next);
        if (look_at(core, cluster.peers[number])) {
            cluster.look &= ~(1ULL << number);
        }
        cluster.look_next = (number + 1) % R4_MAX_CLUSTERS;
        if (cluster.look != 0 && cluster_should_yield(core)) {
            return false;
        }
    }
    return true;
}
