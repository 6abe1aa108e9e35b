/* SPDX-License-Identifier: MIT
 *
 * The message goes through the sender's own end of the ring, so that the ring's counters stay right, and the doorbell
 * is rung as by the sender.
 */
#include "hostile.h"
#include "cpu.h"
#include "memory.h"
#include <string.h>

#define HOSTILE_TRIES 8U /* to find a peer that waits for an answer */

static const char *const kind_names[] = {"nothing", "HELLO", "OFFER", "ACCEPT", "REFUSE", "REVOKE", "DONE", "nonsense"};

/* A loan of `peer` that waits for an answer of `instance`; null if there is none. */
static const struct loan_out *question_find(const struct instance *instance, const struct peer *peer) {
    const struct peer *lender = sim.instances[peer->number].cluster->peers[instance->number];
    for (uint32_t i = 0; lender != NULL && i < LOANS; i++) {
        if (lender->lent[i].state == LOAN_OUT_OFFERED || lender->lent[i].state == LOAN_OUT_REVOKING) {
            return &lender->lent[i];
        }
    }
    return NULL;
}

/* A message that could be good: the answer to an open question, or a message of a random kind for a random record. */
static struct r4_message plausible(const struct instance *instance, const struct peer *peer) {
    const struct loan_out *question = question_find(instance, peer);
    uint32_t loan = (uint32_t)sim_random(sim_chance(2) ? LOANS : 3);
    struct r4_message message = {
        .kind = R4_MESSAGE_ACCEPT + (uint32_t)sim_random(4),
        .source_epoch = instance->info->epoch,
        .target_epoch = peer->peer_epoch,
        .loan = loan,
    };
    bool lender = message.kind == R4_MESSAGE_REVOKE;
    message.generation = lender ? peer->lent[loan].generation : peer->received[loan].generation;
    if (question != NULL) {
        message.loan = question->post.loan;
        message.generation = question->generation;
        message.kind = question->state == LOAN_OUT_REVOKING ? R4_MESSAGE_DONE
                       : sim_chance(2)                      ? R4_MESSAGE_ACCEPT
                                                            : R4_MESSAGE_REFUSE;
    }
    message.error = message.kind == R4_MESSAGE_REFUSE ? R4_ERR_NO_RECEIVE_SLOT : R4_OK;
    return message;
}

/* A message that is still in the ring's memory. */
static void replay(const struct peer *peer, struct r4_message *message) {
    *message = peer->out.ring->slots[sim_random(peer->out.slots)];
}

/* An older generation, or one that will never be reached. (The next one would not do: once it is reached, the message
 * would be good.) */
static void other_generation(const struct peer *peer, struct r4_message *message) {
    (void)peer;
    message->generation -= sim_chance(2) ? 1 + (uint32_t)sim_random(3) : INT32_MAX;
}

static void other_epoch(const struct peer *peer, struct r4_message *message) {
    uint32_t *epoch = sim_chance(2) ? &message->source_epoch : &message->target_epoch;
    (void)peer;
    *epoch += 1 + (uint32_t)sim_random(3);
}

/* The answer to another question than the open one. */
static void other_answer(const struct peer *peer, struct r4_message *message) {
    (void)peer;
    message->kind = R4_MESSAGE_ACCEPT + (uint32_t)sim_random(4);
}

static void no_record(const struct peer *peer, struct r4_message *message) {
    (void)peer;
    message->loan = LOANS + (sim_chance(2) ? 0 : (uint32_t)sim_random(UINT32_MAX - LOANS));
}

static void no_kind(const struct peer *peer, struct r4_message *message) {
    (void)peer;
    message->kind = sim_chance(2) ? 0 : R4_MESSAGE_KIND_COUNT + (uint32_t)sim_random(1000);
}

static void other_hello(const struct peer *peer, struct r4_message *message) {
    (void)peer;
    message->kind = R4_MESSAGE_HELLO;
    message->source_epoch += (uint32_t)sim_random(3);
    message->target_epoch -= (uint32_t)sim_random(2);
}

/* Physical addresses that are in no cluster's pool: a reserve (header, rings), or what follows a pool. */
static phys_t no_pool(void) {
    const struct memory_home *home = memory_home((uint32_t)sim_random(sim.cluster_count));
    const struct memory_range *last = &home->pools[home->pool_count - 1];
    return sim_chance(2) ? home->reserve.base : last->base + last->size;
}

/* Offers memory that is the receiver's own, or none at all. The record is one that the sender could use, and its next
 * generation is used up by this message. */
static void nonsense_offer(const struct peer *peer, struct r4_message *message) {
    struct loan_out *lent = &((struct peer *)(uintptr_t)peer)->lent[LOANS - 1 - sim_random(8)];
    if (lent->state != LOAN_OUT_FREE) {
        return other_generation(peer, message);
    }
    static const uint32_t sizes[] = {0, 12, 20, 21, 22, 30, 45, 46, 63, 64, 1000};
    lent->generation++;
    message->kind = R4_MESSAGE_OFFER;
    message->loan = (uint32_t)(lent - peer->lent);
    message->generation = lent->generation;
    message->size_log2 = R4_LARGE_BITS;
    message->base = sim.instances[peer->number].info->root_block.base; /* never lent */
    message->ttl = (uint32_t)sim_random(R4_TTL_MAX);
    switch (sim_random(6)) {
    case 0:
        message->ttl = R4_TTL_MAX + (uint32_t)sim_random(3);
        break;
    case 1:
        message->base += 1 + sim_random(R4_LARGE_SIZE - 1);
        break;
    case 2:
        message->base = R4_PHYS_MAX - R4_LARGE_SIZE * (1 - sim_random(3));
        break;
    case 3:
        message->base = no_pool();
        break;
    case 4: /* no GiB is without holes */
        message->size_log2 = R4_HANDOFF_MAX_LOG2;
        message->base = round_down(no_pool(), 1ULL << R4_HANDOFF_MAX_LOG2);
        break;
    default:
        message->size_log2 = sizes[sim_random(R4_COUNT(sizes))];
        message->base = message->size_log2 < 40 ? round_down(message->base, 1ULL << message->size_log2) : 0;
        break;
    }
}

static void (*const forgeries[])(const struct peer *, struct r4_message *) = {
    replay,       replay,      other_generation, other_generation, other_generation, other_answer,
    other_answer, other_epoch, no_record,        no_kind,          other_hello,      nonsense_offer,
};

/* True for a message that no receiver could tell from a true one: an answer for which the lender waits, now or by the
 * time when it reads this message; a REVOKE of memory that the sender has lent and does not revoke. */
static bool is_lie(const struct instance *instance, const struct peer *peer, const struct r4_message *message) {
    const struct peer *back = sim.instances[peer->number].cluster->peers[instance->number];
    if (message->loan >= LOANS || back == NULL) {
        return false;
    }
    const struct loan_out *asked = &back->lent[message->loan];
    const struct loan_out *own = &peer->lent[message->loan];
    bool unseen = peer->received[message->loan].generation != asked->generation;
    switch (message->kind) {
    case R4_MESSAGE_ACCEPT:
    case R4_MESSAGE_REFUSE:
        return message->generation == asked->generation && asked->state == LOAN_OUT_OFFERED;
    case R4_MESSAGE_DONE:
        return message->generation == asked->generation && asked->state != LOAN_OUT_FREE &&
               !(asked->state == LOAN_OUT_OFFERED && unseen);
    case R4_MESSAGE_REVOKE:
        return message->generation == own->generation &&
               (own->state == LOAN_OUT_OFFERED || own->state == LOAN_OUT_LENT);
    default:
        return false;
    }
}

void hostile_send(void) {
    struct instance *instance = NULL;
    struct peer *peer = NULL;
    for (uint32_t try = 0; try < HOSTILE_TRIES && (peer == NULL || question_find(instance, peer) == NULL); try++) {
        instance = &sim.instances[sim_random(sim.cluster_count)];
        peer = instance->cluster->peers[sim_random(sim.cluster_count)];
    }
    if (instance->dead || peer == NULL || !instance->cluster->linked || !instance_is_calm(instance) ||
        peer->peer_epoch == 0 || !ring_has_room(&peer->out)) {
        return;
    }
    struct r4_message message = plausible(instance, peer);
    forgeries[sim_random(R4_COUNT(forgeries))](peer, &message);
    bool true_epochs = message.source_epoch == instance->info->epoch && message.target_epoch == peer->peer_epoch;
    if (true_epochs && is_lie(instance, peer, &message)) {
        return;
    }
    uint32_t kind = message.kind < R4_MESSAGE_KIND_COUNT ? message.kind : R4_MESSAGE_KIND_COUNT;
    sim_note("c%u sends a bad %s to c%u: loan %u generation %u", instance->number, kind_names[kind], peer->number,
             message.loan, message.generation);
    sim_count(&sim_totals->forged, 1);
    if (ring_put(&peer->out, &message)) {
        instance_ring(instance, peer->number);
    }
}
