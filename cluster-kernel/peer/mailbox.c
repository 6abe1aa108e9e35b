/* SPDX-License-Identifier: MIT
 *
 * What is sent, in which order. serve/ has what a received message means. A post is in at most one queue, once.
 */
#include "peer/mailbox.h"
#include "cluster/doorbell.h"
#include <r4/contract.h>

size_t mailbox_memory_size(void) { return (size_t)cluster_count() * round_up(sizeof(struct peer), R4_PAGE_SIZE); }

static void put(struct peer *peer, struct r4_message *message) {
    message->source_epoch = boot_info()->epoch;
    message->target_epoch = peer->peer_epoch;
    trace(TRACE_SENT, peer->number, (uint64_t)message->loan << 32 | message->kind);
    cluster.messages_sent++;
    if (ring_put(&peer->out, message)) {
        doorbell_ring_for_message(peer->number);
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

static struct loan_out *lent_in(struct post *post) {
    return (struct loan_out *)((char *)post - offsetof(struct loan_out, post));
}
static struct loan_in *received_in(struct post *post) {
    return (struct loan_in *)((char *)post - offsetof(struct loan_in, post));
}

/* Fills the message in from the record that contains the post; the post can be used again. */
static void fill_answer(struct post *post, struct r4_message *message) {
    const struct loan_in *loan = received_in(post);
    message->kind = post->kind;
    message->error = post->error;
    message->loan = post->loan;
    message->generation = loan->generation;
    post->kind = R4_MESSAGE_NONE;
}

static void fill_request(struct post *post, struct r4_message *message) {
    const struct loan_out *loan = lent_in(post);
    message->kind = post->kind;
    message->loan = post->loan;
    message->generation = loan->generation;
    message->base = loan->range.base;
    message->size_log2 = loan->range.size_log2;
    message->ttl = loan->ttl;
    post->kind = R4_MESSAGE_NONE;
}

void mailbox_flush(struct peer *peer) {
    cluster_check_locked();
    while (peer->state != PEER_DEAD && mailbox_is_waiting(peer)) {
        struct r4_message message = {.kind = R4_MESSAGE_HELLO};
        if (!ring_has_room(&peer->out)) {
            return;
        }
        if (peer->hello_owed) {
            peer->hello_owed = false;
        } else if (peer->answers.first != NULL) {
            fill_answer(queue_take(&peer->answers), &message);
        } else {
            fill_request(queue_take(&peer->requests), &message);
        }
        put(peer, &message);
    }
}

void mailbox_send_answer(struct peer *peer, struct post *post, enum r4_message_kind kind, enum r4_error error) {
    KERNEL_CHECK(post->kind == R4_MESSAGE_NONE);
    cluster_check_locked();
    post->kind = kind;
    post->error = error;
    post->next = NULL;
    if (peer->answers.last != NULL) {
        peer->answers.last->next = post;
    } else {
        peer->answers.first = post;
    }
    peer->answers.last = post;
    mailbox_flush(peer);
}

/* After all that are as urgent. */
static void queue_insert(struct post_queue *queue, struct post *post) {
    struct post *before = NULL;
    for (struct post *at = queue->first; at != NULL && at->priority >= post->priority; at = at->next) {
        before = at;
    }
    post->next = before == NULL ? queue->first : before->next;
    if (before == NULL) {
        queue->first = post;
    } else {
        before->next = post;
    }
    if (post->next == NULL) {
        queue->last = post;
    }
}

void mailbox_send_request(struct peer *peer, struct post *post, enum r4_message_kind kind, uint32_t priority) {
    KERNEL_CHECK(post->kind == R4_MESSAGE_NONE);
    cluster_check_locked();
    post->kind = kind;
    post->error = R4_OK;
    post->priority = priority;
    queue_insert(&peer->requests, post);
    mailbox_flush(peer);
}

static void queue_remove(struct post_queue *queue, struct post *post) {
    struct post *before = NULL;
    for (struct post *at = queue->first; at != post; at = at->next) {
        before = at;
    }
    if (before == NULL) {
        queue->first = post->next;
    } else {
        before->next = post->next;
    }
    if (queue->last == post) {
        queue->last = before;
    }
}

void mailbox_raise(struct peer *peer, struct post *post, uint32_t priority) {
    cluster_check_locked();
    if (post->kind != R4_MESSAGE_NONE && post->priority < priority) {
        queue_remove(&peer->requests, post);
        post->priority = priority;
        queue_insert(&peer->requests, post);
    }
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
    mailbox_flush(peer);
}

void mailbox_start(void *memory) {
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster()) {
            cluster.peers[number] = (struct peer *)memory;
            peer_start(cluster.peers[number], number);
        }
        memory = (char *)memory + round_up(sizeof(struct peer), R4_PAGE_SIZE);
    }
    if (cluster_count() == 1) {
        cluster.peer_priority = POLL_PRIORITY;
    }
    cluster.linked = true;
    cluster.rung = (1U << MACHINE_DOORBELLS) - 1; /* peers that were faster have rung already */
    cluster.poll = true;
}
