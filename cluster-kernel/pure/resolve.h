/* SPDX-License-Identifier: MIT
 *
 * From a cap address to the kernel capability that it means, and what may be done with that.
 *
 * Directly: a slot of a cap page in the caller's own window. Or through proxies (<r4/proxy.h>): the walk keeps the
 * holder, at first the caller; asid 0 means the holder's own window. A kernel capability is accepted only in the
 * holder's own window. A slot in any other window must be a proxy, in a page marked as a proxy page, whose grantee is
 * the holder; then that window's address space is the holder. At each hop the target's version (of a proxy: its serial)
 * is the one that the proxy was written for, the TTL rises, and the target has DEFER: so a walk takes at most
 * R4_TTL_MAX hops, a cycle included. The rights of all are ANDed, the TTL is that of the first proxy.
 *
 * Proxies are hostile input: each is read once into registers by the torn-read rule of <r4/proxy.h>, and nothing read
 * from one is used as an address before it went through a table of the kernel's own. Needs the cluster lock.
 */
#ifndef R4_PURE_RESOLVE_H
#define R4_PURE_RESOLVE_H

#include "walk.h"

/* True for the address of a slot in a cap page of the caller's own window: *slot is set, whatever it holds. All other
 * addresses are for resolve_chain(). */
static inline bool resolve_direct(uintptr_t direct, const struct window *window, uint64_t own_cluster, uint64_t cap,
                                  struct r4_slot **slot) {
    if (cap >> 26 != own_cluster) {
        return false;
    }
    uint64_t leaf = window_leaf(window, cap);
    if (!window_leaf_is(leaf, PAGING_KIND_CAPS) || cap % R4_SLOTS_PER_PAGE == 0) {
        return false;
    }
    *slot = (struct r4_slot *)window_place(direct, leaf, cap);
    return true;
}

/* Walks from `cap` as the holder of window `caller` (which has a name) sees it, through `most` proxies at most. The
 * first slot may be a kernel capability too: then chain->hops is 0, and the chain says nothing else. Errors:
 * R4_ERR_FOREIGN_CLUSTER; R4_ERR_ADDRESS (no marked page at that index, or a header), R4_ERR_EMPTY; R4_ERR_ASID (for
 * anything in another's window that is no proxy for the holder: what is there is not told), R4_ERR_VERSION, R4_ERR_TTL
 * (also: more than `most` proxies), R4_ERR_RIGHTS (no DEFER), R4_ERR_ONCE (a second single-use proxy). chain->hops says
 * how many it went through. A slot that is being revoked or made is no error here. */
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

/* Uses up the chain's single-use proxy, if it has one: its kind becomes empty, its serial stays. False if it is not
 * what was read any more. The one store of the kernel into a proxy page. */
bool chain_consume(const struct chain *chain);

#endif
