/* SPDX-License-Identifier: MIT
 *
 * Links to the other clusters.
 */
#ifndef R4_USER_LINK_H
#define R4_USER_LINK_H

#include "lib/info.h"
#include "lib/x86/syscall.h"

/* The slot of the Link to cluster `peer`. */
static inline uint32_t r4_link(uint32_t peer) { return r4_info()->slot_links + peer; }

/* The empty slot `landing` is ready for the next untyped that the peer hands off. */
static inline enum r4_error r4_link_post(uint32_t link, uint32_t landing) {
    return r4_syscall(r4_own(link), R4_OP_LINK_POST, landing, 0, 0, 0).error;
}

/* Hands off an unused untyped of 2 MiB or more; waits for the peer's answer. On success the slot holds a RemoteRef,
 * whose revoke gets the memory back. R4_ERR_LINK: the clusters have not greeted each other yet. */
static inline enum r4_error r4_link_handoff(uint32_t link, uint32_t untyped) {
    return r4_syscall(r4_own(link), R4_OP_LINK_HANDOFF, r4_own(untyped), 0, 0, 0).error;
}

#endif
