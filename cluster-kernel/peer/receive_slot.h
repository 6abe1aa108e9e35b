/* SPDX-License-Identifier: MIT
 *
 * Posted receive slots: where the next untyped that a peer hands off is put. A posted slot is a child of the Peer
 * capability by which it was posted, so it goes with that. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_RECEIVE_SLOT_H
#define R4_KERNEL_RECEIVE_SLOT_H

#include "peer/peer.h"

/* A place for one more posted slot; PEER_RECEIVE_SLOTS if there is none. */
uint32_t receive_slot_free(const struct peer *peer);

/* Posts `slot` (empty, checked) for the peer of `peer_cap`, at that free place. */
void receive_slot_post(struct peer *peer, uint32_t place, struct r4_slot *peer_cap, struct r4_slot *slot);

/* The first posted slot that can be used, or null. */
struct r4_slot *receive_slot_find(const struct peer *peer);

/* A posted slot goes, or has moved to `slot`. */
void receive_slot_gone(const struct r4_slot *slot);
void receive_slot_moved(struct r4_slot *slot);

#endif
