/* SPDX-License-Identifier: MIT
 *
 * Mailboxes: messages to the peers. What waits for a free slot is queued in its record; answers go first, then requests
 * by the priority of their caller. The rules are in docs/protocol.md, pure/ring.h and pure/loan.h. The caller holds the
 * cluster lock. Nothing here waits.
 */
#ifndef R4_KERNEL_MAILBOX_H
#define R4_KERNEL_MAILBOX_H

#include "cluster/cluster.h"

/* At boot: sets the peer records up at `memory` (a page-aligned block of mailbox_memory_size() zeroed bytes in the
 * direct map) and sends HELLO to all peers. */
size_t mailbox_memory_size(void);
void mailbox_start(void *memory);

/* At which a cluster without peers looks at its console: the default of a layout for peers. */
#define POLL_PRIORITY 200U

/* Queues an answer or a request, whose post is not queued, and sends what there is room for. */
void mailbox_send_answer(struct peer *peer, struct post *post, enum r4_message_kind kind, enum r4_error error);
void mailbox_send_request(struct peer *peer, struct post *post, enum r4_message_kind kind, uint32_t priority);

/* Somebody of that priority waits for the request in this post: if it is queued and less urgent, it is sent earlier. */
void mailbox_raise(struct peer *peer, struct post *post, uint32_t priority);

/* True if a message waits for a free slot of the ring. */
static inline bool mailbox_is_waiting(const struct peer *peer) {
    return peer->hello_owed || peer->answers.first != NULL || peer->requests.first != NULL;
}

/* Sends what waits as long as there is room: HELLO, then answers, then requests. */
void mailbox_flush(struct peer *peer);

#endif
