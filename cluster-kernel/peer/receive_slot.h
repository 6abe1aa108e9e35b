/* SPDX-License-Identifier: MIT
 *
 * Posted receive slots: the kernel puts the next untyped that a peer hands off into one of them. A posted slot
 * (R4_CAP_RECEIVE_SLOT) is a child of the Peer capability that posted it, so it is removed with it. The caller holds
 * the cluster lock.
 */
#ifndef R4_KERNEL_RECEIVE_SLOT_H
#define R4_KERNEL_RECEIVE_SLOT_H

#include "peer/peer.h"

/* A free place for one more posted slot; PEER_RECEIVE_SLOTS if there is none. */
uint32_t receive_slot_free(const struct peer *peer);

/* Posts `slot` for the peer of `peer_cap`, at that free place. The caller has checked that the slot can be filled twice
 * and that the depth of `peer_cap` is below R4_DEPTH_MAX. */
void receive_slot_post(struct peer *peer, uint32_t place, struct r4_slot *peer_cap, struct r4_slot *slot);

/* The first posted slot that can be used, or null: it is not revoked, and the cap page around it is not dying. */
struct r4_slot *receive_slot_find(const struct peer *peer);

/* A posted slot is about to be removed; a posted slot has moved to `slot`. */
void receive_slot_gone(const struct r4_slot *slot);
void receive_slot_moved(struct r4_slot *slot);

#endif
