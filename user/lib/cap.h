/* SPDX-License-Identifier: MIT
 *
 * Operations on capabilities of any type. What is invoked is named by its cap address, which may lead through proxies;
 * `target` is an empty slot of the caller's window.
 */
#ifndef R4_USER_CAP_H
#define R4_USER_CAP_H

#include "lib/address.h"

/* A copy with these rights (a subset) and this TTL (below the source's). Untyped memory, page tables and cap pages have
 * one capability only: R4_ERR_TYPE. */
static inline enum r4_error r4_cap_copy(r4_cap_t cap, uint32_t target, uint32_t rights, uint32_t ttl) {
    return r4_syscall(cap, R4_OP_CAP_COPY, target, r4_copy_rights_put(rights) | r4_copy_ttl_put(ttl), 0, 0).error;
}

/* The same with a badge, which is not 0, for a Notification that has none. */
static inline enum r4_error r4_cap_mint(r4_cap_t cap, uint32_t target, uint32_t rights, uint32_t ttl, uint64_t badge) {
    uint64_t what = r4_copy_rights_put(rights) | r4_copy_ttl_put(ttl) | r4_copy_mint_put(1);
    return r4_syscall(cap, R4_OP_CAP_COPY, target, what, badge, 0).error;
}

/* What `cap` reaches through proxies becomes a capability of the caller's window: a child of the one that they lead to,
 * with the rights, the TTL and the badge that they left of it. */
static inline enum r4_error r4_cap_link(r4_cap_t cap, uint32_t target) {
    return r4_syscall(cap, R4_OP_CAP_LINK, target, 0, 0, 0).error;
}

/* `target` takes the place of the capability: same parent, same descendants. */
static inline enum r4_error r4_cap_move(r4_cap_t cap, uint32_t target) {
    return r4_syscall(cap, R4_OP_CAP_MOVE, target, 0, 0, 0).error;
}

/* Revokes the descendants first, then empties the slot. */
static inline enum r4_error r4_cap_delete(r4_cap_t cap) { return r4_syscall(cap, R4_OP_CAP_DELETE, 0, 0, 0, 0).error; }

/* Removes all descendants, on other clusters too. The value says how often it was preempted and resumed. */
static inline struct r4_result r4_cap_revoke(r4_cap_t cap) { return r4_syscall(cap, R4_OP_CAP_REVOKE, 0, 0, 0, 0); }

/* The value has the fields r4_inspect_*. */
static inline struct r4_result r4_cap_inspect(r4_cap_t cap) { return r4_syscall(cap, R4_OP_CAP_INSPECT, 0, 0, 0, 0); }

#endif
