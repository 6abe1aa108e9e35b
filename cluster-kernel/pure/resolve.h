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

#include "asid.h"
#include <r4/proxy.h>

struct resolved {
    struct r4_slot *slot; /* null with any error */
    enum r4_error error;
};

/* What a walk through proxies came to. */
struct chain {
    uint64_t first;        /* word 0 of the first proxy */
    uint64_t words;        /* word 0 of all, ANDed; when it has ended, the capability's rights too, at the same place */
    uint64_t badge;        /* of the proxy nearest to the capability that has one; 0: none */
    uint64_t hops;         /* proxies so far */
    struct r4_proxy *once; /* the single-use proxy; null: none */
    uint64_t once_word;    /* its word 0 as it was read */
};

/* Rights of the whole chain, the capability included; TTL of its near end. */
static inline uint64_t chain_rights(const struct chain *chain) { return r4_proxy_rights_get(chain->words); }
static inline uint64_t chain_ttl(const struct chain *chain) { return r4_proxy_ttl_get(chain->first); }

/* What a walk needs to know of the machine that it runs on. */
struct resolve_place {
    uintptr_t direct;               /* virtual address of physical address 0 */
    uint64_t cluster;               /* the own one: what stands above the index in addresses of asid 0 */
    const struct asid_table *asids; /* of the cluster */
};

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

/* Uses up the chain's single-use proxy, if it has one: its kind becomes empty, its serial stays. False if it is not
 * what was read any more. The one store of the kernel into a proxy page. */
bool chain_consume(const struct chain *chain);

#endif
