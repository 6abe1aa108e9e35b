/* SPDX-License-Identifier: MIT
 *
 * The effects of loan messages (pure/loan.h has the rules): what remote.c sends and receives for this file.
 */
#ifndef R4_KERNEL_LOANS_H
#define R4_KERNEL_LOANS_H

#include "peer/mailbox.h"

/* Fills a message from the record that the post stands in; the post is free again. */
void loans_fill_answer(struct post *post, struct r4_message *message);
void loans_fill_request(struct post *post, struct r4_message *message);

/* A message with good epochs and a good index. */
void loans_receive(struct core *core, struct peer *peer, const struct r4_message *message);

/* The peer is down: whoever waits for it ends; its loans stay out. */
void loans_peer_died(struct core *core, struct peer *peer);

/* From remote.c: queues an answer or a request and sends what there is room for. */
void mailbox_send_answer(struct peer *peer, struct post *post, enum r4_message_kind kind, enum r4_error error);
void mailbox_send_request(struct peer *peer, struct post *post, enum r4_message_kind kind, uint32_t priority);

#endif
