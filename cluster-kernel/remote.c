/* SPDX-License-Identifier: MIT
 *
 * Links and messages: what is sent and received, in which order. What a loan message means is in loans.c.
 */
#include "remote.h"
#include "console.h"
#include "end.h"
#include "loans.h"
#include "operation.h"

size_t remote_memory_size(void) { return (size_t)cluster_count() * round_up(sizeof(struct link), R4_PAGE_SIZE); }

static void ring_peer(uint32_t peer) {
    uint32_t apic_id = atomic_load_explicit(&peer_header(peer)->doorbell_apic, memory_order_relaxed);
    trace(TRACE_DOORBELL, peer, apic_id);
    cluster.doorbells_sent++;
    machine_send(apic_id, MACHINE_DOORBELL);
}

void remote_ring_all(void) {
    for (uint32_t peer = 0; peer < cluster_count(); peer++) {
        if (peer != this_cluster()) {
            ring_peer(peer);
        }
    }
}

static void put(struct link *link, struct r4_message *message) {
    message->source_epoch = boot_info()->epoch;
    message->target_epoch = link->peer_epoch;
    trace(TRACE_SENT, link->peer, (uint64_t)message->loan << 32 | message->kind);
    cluster.messages_sent++;
    if (ring_put(&link->out, message)) {
        ring_peer(link->peer);
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
static void link_flush(struct link *link) {
    while (link->state != LINK_DEAD &&
           (link->hello_owed || link->answers.first != NULL || link->requests.first != NULL)) {
        struct r4_message message = {.kind = R4_MESSAGE_HELLO};
        if (!ring_has_room(&link->out)) {
            return;
        }
        if (link->hello_owed) {
            link->hello_owed = false;
        } else if (link->answers.first != NULL) {
            loans_fill_answer(queue_take(&link->answers), &message);
        } else {
            loans_fill_request(queue_take(&link->requests), &message);
        }
        put(link, &message);
    }
}

void remote_send_answer(struct link *link, struct post *post, enum r4_message_kind kind, enum r4_error error) {
    post->kind = kind;
    post->error = error;
    post->next = NULL;
    if (link->answers.last != NULL) {
        link->answers.last->next = post;
    } else {
        link->answers.first = post;
    }
    link->answers.last = post;
    link_flush(link);
}

void remote_send_request(struct link *link, struct post *post, enum r4_message_kind kind, uint32_t priority) {
    struct post *before = NULL;
    post->kind = kind;
    post->error = R4_OK;
    post->priority = priority;
    for (struct post *at = link->requests.first; at != NULL && at->priority >= priority; at = at->next) {
        before = at;
    }
    post->next = before == NULL ? link->requests.first : before->next;
    if (before == NULL) {
        link->requests.first = post;
    } else {
        before->next = post;
    }
    if (post->next == NULL) {
        link->requests.last = post;
    }
    link_flush(link);
}

static void hello(struct link *link, const struct r4_message *message) {
    if (message->source_epoch == 0 || (link->peer_epoch != 0 && link->peer_epoch != message->source_epoch)) {
        return;
    }
    link->peer_epoch = message->source_epoch;
    if (message->target_epoch == boot_info()->epoch) {
        link->state = LINK_UP;
        return;
    }
    link->hello_owed = true; /* it does not know us yet */
}

static void receive(struct core *core, struct link *link, const struct r4_message *message) {
    trace(TRACE_RECEIVED, link->peer, (uint64_t)message->loan << 32 | message->kind);
    if (message->kind == R4_MESSAGE_HELLO) {
        hello(link, message);
        return;
    }
    if (message->source_epoch != link->peer_epoch || message->target_epoch != boot_info()->epoch ||
        message->loan >= LOANS) {
        return; /* of another life, or nonsense */
    }
    if (link->state == LINK_WAITING) {
        link->state = LINK_UP; /* it knows our epoch: our HELLO has arrived */
    }
    loans_receive(core, link, message);
}

static void peer_died(struct core *core, struct link *link) {
    link->state = LINK_DEAD;
    loans_peer_died(core, link);
}

static bool has_died(const struct link *link) {
    return link->state != LINK_DEAD &&
           atomic_load_explicit(&peer_header(link->peer)->state, memory_order_acquire) == R4_CLUSTER_PANICKED;
}

/* False if it stopped for something more urgent. */
static bool link_poll(struct core *core, struct link *link) {
    struct r4_message message;
    bool wanted = false;
    if (has_died(link)) {
        peer_died(core, link);
    }
    if (link->state == LINK_DEAD) {
        return true;
    }
    ring_look(&link->in);
    do {
        while (ring_take(&link->in, &message, &wanted)) {
            if (wanted) {
                ring_peer(link->peer);
            }
            receive(core, link, &message);
            if (cluster_should_yield(core)) {
                return false;
            }
        }
        link_flush(link);
    } while (ring_rest(&link->in));
    return true;
}

/* A cluster that is down or finished will not mark any more. */
static bool will_mark(const struct r4_header *header) {
    uint32_t state = atomic_load_explicit(&header->state, memory_order_acquire);
    return state != R4_CLUSTER_PANICKED && state != R4_CLUSTER_FINISHED;
}

static void marks_check(void) {
    struct operation *next;
    for (struct operation *operation = cluster.waiters; operation != NULL; operation = next) {
        next = operation->next;
        if (operation->kind != OPERATION_MARK_WAIT) {
            continue;
        }
        const struct r4_header *header = peer_header(operation->link->peer);
        bool alive = will_mark(header); /* before the mark: its last mark came before its end */
        uint64_t mark = atomic_load_explicit(&header->mark, memory_order_acquire);
        if (mark >= operation->progress) {
            operation_finish_wait(operation, R4_OK, mark);
        } else if (!alive) {
            operation_finish_wait(operation, R4_ERR_CLUSTER_DOWN, 0);
        }
    }
}

void remote_poll(struct core *core) {
    cluster.poll = console_poll();
    if (!cluster.linked) {
        return; /* remote_start() will look */
    }
    for (uint32_t peer = 0; peer < cluster_count(); peer++) {
        if (peer != this_cluster() && !link_poll(core, cluster.links[peer])) {
            cluster.poll = true;
        }
    }
    marks_check();
    end_check();
}

static void link_start(struct link *link, uint32_t peer) {
    link->peer = peer;
    link->priority = boot_info()->link_priority[peer];
    cluster.link_priority = link->priority > cluster.link_priority ? link->priority : cluster.link_priority;
    link->out = (struct ring_end){ring_out(peer), ring_slots(), 0};
    link->in = (struct ring_end){ring_in(peer), ring_slots(), 0};
    ring_produce_from(&link->out, 0);
    ring_consume_from(&link->in, 0);
    for (uint32_t i = 0; i < LOANS; i++) {
        link->lent[i].post.loan = i;
        link->received[i].post.loan = i;
    }
    link->hello_owed = true;
    link_flush(link);
}

void remote_start(void *memory) {
    for (uint32_t peer = 0; peer < cluster_count(); peer++) {
        if (peer != this_cluster()) {
            cluster.links[peer] = (struct link *)memory;
            link_start(cluster.links[peer], peer);
        }
        memory = (char *)memory + round_up(sizeof(struct link), R4_PAGE_SIZE);
    }
    cluster.linked = true;
    cluster.poll = true;
}
