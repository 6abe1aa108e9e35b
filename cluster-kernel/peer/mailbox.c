/* SPDX-License-Identifier: MIT
 *
 * Links and messages: what is sent and received, in which order. What a loan message means is in loans.c.
 */
#include "peer/mailbox.h"
#include "diag/console.h"
#include "diag/shutdown.h"
#include "peer/lend.h"
#include "sched/operation.h"

size_t mailbox_memory_size(void) { return (size_t)cluster_count() * round_up(sizeof(struct peer), R4_PAGE_SIZE); }

static void doorbell_ring(uint32_t number) {
    uint32_t apic_id = atomic_load_explicit(&peer_header(number)->doorbell_apic, memory_order_relaxed);
    trace(TRACE_DOORBELL, number, apic_id);
    cluster.doorbells_sent++;
    machine_send(apic_id, MACHINE_DOORBELL);
}

void doorbell_ring_all(void) {
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster()) {
            doorbell_ring(number);
        }
    }
}

static void put(struct peer *peer, struct r4_message *message) {
    message->source_epoch = boot_info()->epoch;
    message->target_epoch = peer->peer_epoch;
    trace(TRACE_SENT, peer->number, (uint64_t)message->loan << 32 | message->kind);
    cluster.messages_sent++;
    if (ring_put(&peer->out, message)) {
        doorbell_ring(peer->number);
    }
}

static struct post *queue_take(struct post_queue *queue) {
    struct post *post = queue->first;
    if (post != NULL) {
        queue->first = post->next;
        if (queue->first == NULL) {
            queue->last = NULL;
        }
    }
    return post;
}

/* What waits goes out while there is room: HELLO, then answers, then requests. */
static void peer_flush(struct peer *peer) {
    while (peer->state != PEER_DEAD &&
           (peer->hello_owed || peer->answers.first != NULL || peer->requests.first != NULL)) {
        struct r4_message message = {.kind = R4_MESSAGE_HELLO};
        if (!ring_has_room(&peer->out)) {
            return;
        }
        if (peer->hello_owed) {
            peer->hello_owed = false;
        } else if (peer->answers.first != NULL) {
            loans_fill_answer(queue_take(&peer->answers), &message);
        } else {
            loans_fill_request(queue_take(&peer->requests), &message);
        }
        put(peer, &message);
    }
}

void mailbox_send_answer(struct peer *peer, struct post *post, enum r4_message_kind kind, enum r4_error error) {
    post->kind = kind;
    post->error = error;
    post->next = NULL;
    if (peer->answers.last != NULL) {
        peer->answers.last->next = post;
    } else {
        peer->answers.first = post;
    }
    peer->answers.last = post;
    peer_flush(peer);
}

void mailbox_send_request(struct peer *peer, struct post *post, enum r4_message_kind kind, uint32_t priority) {
    struct post *before = NULL;
    post->kind = kind;
    post->error = R4_OK;
    post->priority = priority;
    for (struct post *at = peer->requests.first; at != NULL && at->priority >= priority; at = at->next) {
        before = at;
    }
    post->next = before == NULL ? peer->requests.first : before->next;
    if (before == NULL) {
        peer->requests.first = post;
    } else {
        before->next = post;
    }
    if (post->next == NULL) {
        peer->requests.last = post;
    }
    peer_flush(peer);
}

static void hello(struct peer *peer, const struct r4_message *message) {
    if (message->source_epoch == 0 || (peer->peer_epoch != 0 && peer->peer_epoch != message->source_epoch)) {
        return;
    }
    peer->peer_epoch = message->source_epoch;
    if (message->target_epoch == boot_info()->epoch) {
        peer->state = PEER_UP;
        return;
    }
    peer->hello_owed = true; /* it does not know us yet */
}

static void receive(struct core *core, struct peer *peer, const struct r4_message *message) {
    trace(TRACE_RECEIVED, peer->number, (uint64_t)message->loan << 32 | message->kind);
    if (message->kind == R4_MESSAGE_HELLO) {
        hello(peer, message);
        return;
    }
    if (message->source_epoch != peer->peer_epoch || message->target_epoch != boot_info()->epoch ||
        message->loan >= LOANS) {
        return; /* of another life, or nonsense */
    }
    if (peer->state == PEER_WAITING) {
        peer->state = PEER_UP; /* it knows our epoch: our HELLO has arrived */
    }
    loans_receive(core, peer, message);
}

static void peer_died(struct core *core, struct peer *peer) {
    peer->state = PEER_DEAD;
    loans_peer_died(core, peer);
}

static bool has_died(const struct peer *peer) {
    return peer->state != PEER_DEAD &&
           atomic_load_explicit(&peer_header(peer->number)->state, memory_order_acquire) == R4_CLUSTER_PANICKED;
}

/* False if it stopped for something more urgent. */
static bool peer_poll(struct core *core, struct peer *peer) {
    struct r4_message message;
    bool wanted = false;
    if (has_died(peer)) {
        peer_died(core, peer);
    }
    if (peer->state == PEER_DEAD) {
        return true;
    }
    ring_look(&peer->in);
    do {
        while (ring_take(&peer->in, &message, &wanted)) {
            if (wanted) {
                doorbell_ring(peer->number);
            }
            receive(core, peer, &message);
            if (cluster_should_yield(core)) {
                return false;
            }
        }
        peer_flush(peer);
    } while (ring_rest(&peer->in));
    return true;
}

/* A cluster that is down or finished will not mark any more. */
static bool will_go_on(const struct r4_header *header) {
    uint32_t state = atomic_load_explicit(&header->state, memory_order_acquire);
    return state != R4_CLUSTER_PANICKED && state != R4_CLUSTER_FINISHED;
}

static void milestones_check(void) {
    struct operation *next;
    for (struct operation *operation = cluster.waiters; operation != NULL; operation = next) {
        next = operation->next;
        if (operation->kind != OPERATION_MILESTONE_WAIT) {
            continue;
        }
        const struct r4_header *header = peer_header(operation->peer->number);
        bool alive = will_go_on(header); /* before the mark: its last mark came before its end */
        uint64_t mark = atomic_load_explicit(&header->mark, memory_order_acquire);
        if (mark >= operation->progress) {
            operation_finish_wait(operation, R4_OK, mark);
        } else if (!alive) {
            operation_finish_wait(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
}

void poll_all(struct core *core) {
    cluster.poll = console_poll();
    if (!cluster.linked) {
        return; /* mailbox_start() will look */
    }
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster() && !peer_poll(core, cluster.peers[number])) {
            cluster.poll = true;
        }
    }
    milestones_check();
    shutdown_check();
}

static void peer_start(struct peer *peer, uint32_t number) {
    peer->number = number;
    peer->priority = boot_info()->peer_priority[number];
    cluster.peer_priority = peer->priority > cluster.peer_priority ? peer->priority : cluster.peer_priority;
    peer->out = (struct ring_end){ring_out(number), ring_slots(), 0};
    peer->in = (struct ring_end){ring_in(number), ring_slots(), 0};
    ring_produce_from(&peer->out, 0);
    ring_consume_from(&peer->in, 0);
    for (uint32_t i = 0; i < LOANS; i++) {
        peer->lent[i].post.loan = i;
        peer->received[i].post.loan = i;
    }
    peer->hello_owed = true;
    peer_flush(peer);
}

void mailbox_start(void *memory) {
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster()) {
            cluster.peers[number] = (struct peer *)memory;
            peer_start(cluster.peers[number], number);
        }
        memory = (char *)memory + round_up(sizeof(struct peer), R4_PAGE_SIZE);
    }
    cluster.linked = true;
    cluster.poll = true;
}
