/* SPDX-License-Identifier: MIT
 *
 * Peers: the other clusters, to which memory is handed off.
 */
#ifndef R4_USER_PEER_H
#define R4_USER_PEER_H

#include "lib/address.h"

/* The Peer capability for cluster `peer`. */
static inline r4_cap_t r4_peer(uint32_t peer) { return r4_own(r4_info()->slot_peers + peer); }

/* The empty slot `receive_slot` is ready for the next untyped that the peer hands off. */
static inline enum r4_error r4_peer_post(r4_cap_t cap, uint32_t receive_slot) {
    return r4_syscall(cap, R4_OP_PEER_POST, receive_slot, 0, 0, 0).error;
}

/* Hands off an unused untyped of 2 MiB or more; waits for the peer's answer. On success its slot holds a RemoteRef,
 * whose revoke gets the memory back. R4_ERR_NOT_CONNECTED: the clusters have not greeted each other yet. */
static inline enum r4_error r4_peer_handoff(r4_cap_t cap, r4_cap_t untyped) {
    return r4_syscall(cap, R4_OP_PEER_HANDOFF, untyped, 0, 0, 0).error;
}

#endif
