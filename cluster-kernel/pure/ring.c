/* SPDX-License-Identifier: MIT
 *
 * The two ends of a mailbox ring. Where <r4/mailbox.h> asks for a full fence between the store of one's own word and
 * the load of the other side's word, both are sequentially consistent operations: in their single total order at least
 * one side sees the other's store.
 */
#include "ring.h"

static struct r4_message *ring_slot(const struct ring_end *end) {
    return &end->ring->slots[end->position & (end->slots - 1)];
}

void ring_produce_from(struct ring_end *producer, uint32_t position) {
    producer->position = position;
    for (uint32_t i = 0; i < producer->slots; i++) { /* each slot appears to hold a message of one lap ago */
        uint32_t next = position + i;
        uint32_t *sequence = &producer->ring->slots[next & (producer->slots - 1)].sequence;
        /* Pairs with the load in ring_has_message(); nothing in the slot is read at this sequence. */
        __atomic_store_n(sequence, next + 1 - producer->slots, __ATOMIC_RELEASE);
    }
    /* Pairs with the load in ring_take(). */
    atomic_store_explicit(&producer->ring->want_slot, 0, memory_order_release);
}

void ring_consume_from(struct ring_end *consumer, uint32_t position) {
    consumer->position = position;
    /* Both pair with the producer's loads: of head in ring_has_room(), of looking in ring_put(). */
    atomic_store_explicit(&consumer->ring->head, position, memory_order_release);
    atomic_store_explicit(&consumer->ring->looking, 0, memory_order_release);
}

/* What a producer stores in want_slot that cannot put its message at `position`: never 0. */
static uint32_t want_at(uint32_t position) { return 2 * position + 1; }

bool ring_has_room(struct ring_end *producer) {
    struct r4_ring *ring = producer->ring;
    /* Pairs with the store of head in ring_take(): the consumer has copied the slot out before the slot is reused. */
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (producer->position - head < producer->slots) {
        return true;
    }
    /* Dekker pair with ring_take(), which stores head and then loads want_slot: it sees ours, or we see the
     * new head. */
    atomic_store_explicit(&ring->want_slot, want_at(producer->position), memory_order_seq_cst);
    head = atomic_load_explicit(&ring->head, memory_order_seq_cst);
    return producer->position - head < producer->slots;
}

bool ring_put(struct ring_end *producer, const struct r4_message *message) {
    struct r4_message *slot = ring_slot(producer);
    uint32_t *sequence = &slot->sequence;
    slot->kind = message->kind;
    slot->error = message->error;
    slot->source_epoch = message->source_epoch;
    slot->target_epoch = message->target_epoch;
    slot->loan = message->loan;
    slot->generation = message->generation;
    slot->base = message->base;
    slot->size_log2 = message->size_log2;
    slot->ttl = message->ttl;
    producer->position++;
    /* The store also releases the message to ring_has_message(). Dekker pair with ring_rest(), which stores looking =
     * 0 and then loads the sequence: it sees the message, or we see the 0 and ring. */
    __atomic_store_n(sequence, producer->position, __ATOMIC_SEQ_CST);
    return atomic_load_explicit(&producer->ring->looking, memory_order_seq_cst) == 0;
}

bool ring_take(struct ring_end *consumer, struct r4_message *message, bool *wanted) {
    if (!ring_has_message(consumer)) {
        return false;
    }
    const struct r4_message *slot = ring_slot(consumer);
    *message = *slot;
    consumer->position++;
    /* The store also releases the slot to ring_has_room(). Dekker pair with ring_has_room(), which stores want_slot and
     * then loads head: it sees the free slot, or we see that it waits for the position that this slot is for, and ring.
     * What waits for a later position finds a slot of which we have not been asked yet. */
    atomic_store_explicit(&consumer->ring->head, consumer->position, memory_order_seq_cst);
    uint32_t want = atomic_load_explicit(&consumer->ring->want_slot, memory_order_seq_cst);
    *wanted = want == want_at(consumer->position - 1 + consumer->slots);
    return true;
}

/* Relaxed: a producer that misses it rings once too often. */
void ring_look(struct ring_end *consumer) { atomic_store_explicit(&consumer->ring->looking, 1, memory_order_relaxed); }

bool ring_rest(struct ring_end *consumer) {
    /* Dekker pair with ring_put(), see there. */
    atomic_store_explicit(&consumer->ring->looking, 0, memory_order_seq_cst);
    return ring_has_message(consumer);
}
