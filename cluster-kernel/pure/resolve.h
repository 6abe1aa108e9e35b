/* SPDX-License-Identifier: MIT
 *
 * From a cap address to the kernel capability that it means, and the rights that the way there leaves.
 *
 * Directly: a slot of a cap page in the caller's own window. Or through proxies (<r4/proxy.h>): the walk keeps the
 * holder, which is the caller at first; asid 0 means the holder's own window. A kernel capability is accepted only in
 * the holder's own window. A slot in any other window must be a proxy, in a page whose kind is proxy page, and its
 * grantee must be the holder; then that window's address space becomes the holder. At each hop the target's version (a
 * proxy's serial) must be the one that the proxy was written for, the target's TTL must be higher than the proxy's, and
 * the target must have DEFER. So a walk takes at most R4_TTL_MAX hops, even in a cycle. The rights of all are ANDed;
 * the TTL is that of the first proxy.
 *
 * Proxies are hostile input: each is read once into registers by the rule of <r4/proxy.h> against torn reads, and
 * nothing read from one is used as an address: it only selects an entry in the kernel's own tables. All functions need
 * the cluster lock.
 */
#ifndef R4_PURE_RESOLVE_H
#define R4_PURE_RESOLVE_H

#include "walk.h"

/* True if `cap` is the address of a slot in a cap page of the caller's own window: *slot is set, whatever the slot
 * holds. resolve_chain() handles all other addresses. */
static inline bool resolve_direct(uintptr_t direct, const struct window *window, uint64_t own_cluster, uint64_t cap,
                                  struct r4_slot **slot) {
    *slot = cap >> 26 == own_cluster ? window_slot(direct, window, cap) : NULL;
    return *slot != NULL;
}

/* Walks from `cap`, as the holder of window `caller` (which has a name) sees it, through at most `most` proxies. The
 * first slot may also be a kernel capability: then chain->hops is 0, and the rest of the chain is not set. Errors:
 * R4_ERR_FOREIGN_CLUSTER; R4_ERR_ADDRESS (no cap page or proxy page at that index, or a header); R4_ERR_EMPTY;
 * R4_ERR_ASID (anything in another's window that is no proxy for the holder: the error does not tell what is there);
 * R4_ERR_VERSION; R4_ERR_TTL (also: more than `most` proxies); R4_ERR_RIGHTS (no DEFER); R4_ERR_ONCE (a second
 * single-use proxy). chain->hops is the number of proxies that the walk went through. A slot that is being revoked or
 * created is no error here. */
static always_inline struct resolved resolve_chain(const struct resolve_place *place, const struct window *caller,
                                                   uint64_t cap, uint64_t most, struct chain *chain) {
    struct walk walk = WALK_FROM(caller, cap);
    struct resolved resolved;
    chain->hops = 0;
    if (walk_begin(place, &walk, chain, &resolved)) {
        return walk_on(place, &walk, chain, most);
    }
    bool empty = resolved.slot != NULL && slot_type(resolved.slot) == R4_CAP_EMPTY;
    return empty ? (struct resolved){NULL, R4_ERR_EMPTY} : resolved;
}

/* Uses up the chain's single-use proxy, if it has one: its kind becomes empty, its serial stays. False, and nothing is
 * written, if its word 0 has changed since it was read. No other function of the kernel writes into a proxy page. */
bool chain_consume(const struct chain *chain);

#endif
