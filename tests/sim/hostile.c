/* SPDX-License-Identifier: MIT
 *
 * The message goes through the sender's own end of the ring, so the ring's counters stay right, and rings the doorbell
 * as the sender would.
 */
#include "hostile.h"
#include "cpu.h"
#include "memory.h"
#include <string.h>

#define HOSTILE_TRIES 8U /* to find a link on which an answer is owed */

static const char *const kind_names[] = {"nothing", "HELLO", "OFFER", "ACCEPT", "REFUSE", "REVOKE", "DONE", "nonsense"};

/* The record of a loan whose borrower owes an answer on this link, or null. */
static const struct loan_out *question_find(const struct copy *copy, const struct link *link) {
    const struct link *lender = sim.copies[link->peer].cluster->links[copy->number];
    for (uint32_t i = 0; lender != NULL && i < LOANS; i++) {
        if (lender->lent[i].state == LOAN_OUT_OFFERED || lender->lent[i].state == LOAN_OUT_REVOKING) {
            return &lender->lent[i];
        }
    }
    return NULL;
}

/* A message that could be good: an answer to a question that is open, or of a random kind for a random record. */
static struct r4_message plausible(const struct copy *copy, const struct link *link) {
    const struct loan_out *question = question_find(copy, link);
    uint32_t loan = (uint32_t)sim_random(sim_chance(2) ? LOANS : 3);
    struct r4_message message = {
        .kind = R4_MESSAGE_ACCEPT + (uint32_t)sim_random(4),
        .source_epoch = copy->info->epoch,
        .target_epoch = link->peer_epoch,
        .loan = loan,
    };
    bool lender = message.kind == R4_MESSAGE_REVOKE;
    message.generation = lender ? link->lent[loan].generation : link->received[loan].generation;
    if (question != NULL) {
        message.loan = question->post.loan;
        message.generation = question->generation;
        message.kind = question->state == LOAN_OUT_REVOKING ? R4_MESSAGE_DONE
                       : sim_chance(2)                      ? R4_MESSAGE_ACCEPT
                                                            : R4_MESSAGE_REFUSE;
    }
    message.error = message.kind == R4_MESSAGE_REFUSE ? R4_ERR_NO_LANDING : R4_OK;
    return message;
}

/* Something that is still in the ring's memory. */
static void replay(const struct link *link, struct r4_message *message) {
    *message = link->out.ring->slots[sim_random(link->out.slots)];
}

/* An older one, or one that will not be reached: a message that anticipates the next would be good once it is. */
static void other_generation(const struct link *link, struct r4_message *message) {
    (void)link;
    message->generation -= sim_chance(2) ? 1 + (uint32_t)sim_random(3) : INT32_MAX;
}

static void other_epoch(const struct link *link, struct r4_message *message) {
    uint32_t *epoch = sim_chance(2) ? &message->source_epoch : &message->target_epoch;
    (void)link;
    *epoch += 1 + (uint32_t)sim_random(3);
}

/* An answer to another question than the open one. */
static void other_answer(const struct link *link, struct r4_message *message) {
    (void)link;
    message->kind = R4_MESSAGE_ACCEPT + (uint32_t)sim_random(4);
}

static void no_record(const struct link *link, struct r4_message *message) {
    (void)link;
    message->loan = LOANS + (sim_chance(2) ? 0 : (uint32_t)sim_random(UINT32_MAX - LOANS));
}

static void no_kind(const struct link *link, struct r4_message *message) {
    (void)link;
    message->kind = sim_chance(2) ? 0 : R4_MESSAGE_KIND_COUNT + (uint32_t)sim_random(1000);
}

static void other_hello(const struct link *link, struct r4_message *message) {
    (void)link;
    message->kind = R4_MESSAGE_HELLO;
    message->source_epoch += (uint32_t)sim_random(3);
    message->target_epoch -= (uint32_t)sim_random(2);
}

/* Offers the receiver's own memory, or none. The record and the generation are ones that the sender could use: it skips
 * them. */
static void nonsense_offer(const struct link *link, struct r4_message *message) {
    struct loan_out *lent = &((struct link *)(uintptr_t)link)->lent[LOANS - 1 - sim_random(8)];
    if (lent->state != LOAN_OUT_FREE) {
        return other_generation(link, message);
    }
    static const uint32_t sizes[] = {0, 12, 20, 21, 22, 30, 45, 46, 63, 64, 1000};
    lent->generation++;
    message->kind = R4_MESSAGE_OFFER;
    message->loan = (uint32_t)(lent - link->lent);
    message->generation = lent->generation;
    message->size_log2 = R4_LARGE_BITS;
    message->base = memory_home(link->peer)->pools[0].base;
    message->ttl = (uint32_t)sim_random(R4_TTL_MAX);
    switch (sim_random(4)) {
    case 0:
        message->ttl = R4_TTL_MAX + (uint32_t)sim_random(3);
        break;
    case 1:
        message->base += 1 + sim_random(R4_LARGE_SIZE - 1);
        break;
    case 2:
        message->base = R4_PHYS_MAX - R4_LARGE_SIZE * (1 - sim_random(3));
        break;
    default:
        message->size_log2 = sizes[sim_random(R4_COUNT(sizes))];
        message->base = message->size_log2 < 40 ? round_down(message->base, 1ULL << message->size_log2) : 0;
        break;
    }
}

static void (*const forgeries[])(const struct link *, struct r4_message *) = {
    replay,       replay,      other_generation, other_generation, other_generation, other_answer,
    other_answer, other_epoch, no_record,        no_kind,          other_hello,      nonsense_offer,
};

/* True for what no receiver could tell from the truth: an answer that the lender waits for, now or before this message
 * is taken; a REVOKE that the own record does not know of. */
static bool is_lie(const struct copy *copy, const struct link *link, const struct r4_message *message) {
    const struct link *back = sim.copies[link->peer].cluster->links[copy->number];
    if (message->loan >= LOANS || back == NULL) {
        return false;
    }
    const struct loan_out *asked = &back->lent[message->loan];
    const struct loan_out *own = &link->lent[message->loan];
    bool unseen = link->received[message->loan].generation != asked->generation;
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
    struct copy *copy = NULL;
    struct link *link = NULL;
    for (uint32_t try = 0; try < HOSTILE_TRIES && (link == NULL || question_find(copy, link) == NULL); try++) {
        copy = &sim.copies[sim_random(sim.cluster_count)];
        link = copy->cluster->links[sim_random(sim.cluster_count)];
    }
    if (copy->dead || link == NULL || !copy->cluster->linked || !copy_is_calm(copy) || link->peer_epoch == 0 ||
        !ring_has_room(&link->out)) {
        return;
    }
    struct r4_message message = plausible(copy, link);
    forgeries[sim_random(R4_COUNT(forgeries))](link, &message);
    bool true_epochs = message.source_epoch == copy->info->epoch && message.target_epoch == link->peer_epoch;
    if (true_epochs && is_lie(copy, link, &message)) {
        return;
    }
    uint32_t kind = message.kind < R4_MESSAGE_KIND_COUNT ? message.kind : R4_MESSAGE_KIND_COUNT;
    sim_note("c%u sends a bad %s to c%u: loan %u generation %u", copy->number, kind_names[kind], link->peer,
             message.loan, message.generation);
    sim_count(&sim_totals->forged, 1);
    if (ring_put(&link->out, &message)) {
        cpu_post(atomic_load(&sim.copies[link->peer].header->doorbell_apic), MACHINE_DOORBELL);
    }
}
