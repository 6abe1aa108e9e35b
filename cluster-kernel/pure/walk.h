/* SPDX-License-Identifier: MIT
 *
 * The walk through proxies (rules: resolve.h). It is inlined into its callers, where struct resolve_place consists of
 * constants. The state of a walk is meant for registers; what only errors need is computed out of line.
 *
 * Order. Programs write proxies without the lock, by the order of stores that <r4/proxy.h> states. walk_hop() reads a
 * proxy by loads that pair with those stores. Everything else is read under the cluster lock.
 */
#ifndef R4_PURE_WALK_H
#define R4_PURE_WALK_H

#include "asid.h"
#include "compiler.h"
#include <r4/proxy.h>

struct resolved {
    struct r4_slot *slot; /* null with any error */
    enum r4_error error;
};

/* What a walk through proxies has found. */
struct chain {
    uint64_t first;        /* word 0 of the first proxy */
    uint64_t words;        /* word 0 of all, ANDed; after the walk also ANDed with the capability's rights, in place */
    uint64_t badge;        /* of the last proxy of the walk that has one; 0: none */
    uint64_t hops;         /* proxies so far */
    struct r4_proxy *once; /* the single-use proxy; null: none */
    uint64_t once_word;    /* its word 0, as read */
};

/* Rights of the whole chain, with those of the capability; TTL of its first proxy. */
static inline uint64_t chain_rights(const struct chain *chain) { return r4_proxy_rights_get(chain->words); }
static inline uint64_t chain_ttl(const struct chain *chain) { return r4_proxy_ttl_get(chain->first); }

/* The proxy page of an address space that a walk went through last: found again by one comparison. Whoever unmaps a
 * proxy page or a table above it, or gives the asid back, calls walk_forget(). */
struct walk_page {
    _Alignas(32) uint64_t page;  /* the address of any proxy in it / R4_SLOTS_PER_PAGE; WALK_NO_PAGE: none */
    uintptr_t place;             /* of the page */
    const struct window *window; /* that it is in */
};
#define WALK_NO_PAGE UINT64_MAX

struct walk_pages { /* by asid; that of asid 0 is none */
    struct walk_page of[ASID_COUNT];
};

/* Forgets the page of the address space with that name. */
static inline void walk_forget(struct walk_pages *pages, uint32_t name) {
    pages->of[r4_name_asid_get(name)].page = WALK_NO_PAGE;
}

/* Forgets all, and is called before the first walk. */
static inline void walk_forget_all(struct walk_pages *pages) {
    for (uint32_t asid = 0; asid < ASID_COUNT; asid++) {
        walk_forget(pages, asid);
    }
}

/* Where a walk runs. */
struct resolve_place {
    uintptr_t direct;               /* virtual address of physical address 0 */
    uint64_t cluster;               /* this cluster: the bits above the index in cap addresses with asid 0 */
    const struct asid_table *asids; /* of the cluster */
    struct walk_pages *pages;       /* of the cluster; null: none is looked for or remembered */
};

struct walk {
    const struct window *holder;
    uint64_t cap;     /* the address that the holder names next */
    uint64_t last;    /* TTL of the proxy followed last, at its place in word 0 */
    uint32_t version; /* of the target, as the proxy followed last gives it */
    uint64_t words;   /* word 0 of all proxies so far, ANDed */
};

/* What a step has found. */
enum walk_at {
    WALK_AT_PROXY,
    WALK_AT_SLOT, /* in a cap page in the holder's own window: the walk ends */
    WALK_NOWHERE
};
struct walk_step {
    enum walk_at at;
    enum r4_error error; /* WALK_NOWHERE */
    const struct window *window;
    uintptr_t place; /* of proxy or slot */
};

static always_inline struct walk_step walk_nowhere(enum r4_error error) {
    return (struct walk_step){WALK_NOWHERE, error, NULL, 0};
}

/* The leaf for `cap` in the holder's own window is of no proxy page: a slot of a cap page, or R4_ERR_ADDRESS. */
static always_inline struct walk_step walk_at_cap(uintptr_t direct, const struct window *window, uint64_t leaf,
                                                  uint64_t cap) {
    if (!window_leaf_is(leaf, PAGING_KIND_CAPS) || cap % R4_SLOTS_PER_PAGE == 0) {
        return walk_nowhere(R4_ERR_ADDRESS);
    }
    return (struct walk_step){WALK_AT_SLOT, R4_OK, window, window_place(direct, leaf, cap)};
}

/* There is no proxy page at `cap`: an error, unless `cap` names a slot of a cap page in the holder's own window.
 * `window` is null if no address space has the name in `cap`. */
static cold struct walk_step walk_not_there(uintptr_t direct, uint64_t own_cluster, const struct window *holder,
                                            const struct window *window, uint64_t leaf, uint64_t cap) {
    if (r4_cap_cluster_get(cap) != own_cluster) {
        return walk_nowhere(R4_ERR_FOREIGN_CLUSTER);
    }
    return window == holder ? walk_at_cap(direct, window, leaf, cap) : walk_nowhere(R4_ERR_ASID);
}

/* The same as walk_look() for an address with an asid. The page found is remembered. No struct resolve_place: its
 * address would keep that of the caller out of registers. */
static always_inline struct walk_step walk_look_far(uintptr_t direct, uint64_t own_cluster,
                                                    const struct asid_table *asids, struct walk_pages *pages,
                                                    const struct window *holder, uint64_t cap) {
    const struct asid_entry *entry = asid_entry_of(asids, cap >> 32);
    if (unlikely(entry->key != cap >> 26)) {
        return walk_not_there(direct, own_cluster, holder, NULL, 0, cap);
    }
    uint64_t leaf = window_leaf(entry->window, cap);
    if (unlikely(!window_leaf_is(leaf, PAGING_KIND_PROXIES))) {
        return walk_not_there(direct, own_cluster, holder, entry->window, leaf, cap);
    }
    if (pages != NULL) {
        pages->of[(cap >> 32) % ASID_COUNT] =
            (struct walk_page){cap / R4_SLOTS_PER_PAGE, direct + (leaf & PAGING_ADDRESS), entry->window};
    }
    return (struct walk_step){WALK_AT_PROXY, R4_OK, entry->window, window_place(direct, leaf, cap)};
}

/* The same for an address without an asid: what it names is in the holder's own window. */
static always_inline struct walk_step walk_look_here(const struct resolve_place *place, const struct window *holder,
                                                     uint64_t cap) {
    uint64_t leaf = window_leaf(holder, cap);
    if (likely(window_leaf_is(leaf, PAGING_KIND_CAPS))) {
        return walk_at_cap(place->direct, holder, leaf, cap);
    }
    if (!window_leaf_is(leaf, PAGING_KIND_PROXIES)) {
        return walk_nowhere(R4_ERR_ADDRESS);
    }
    return (struct walk_step){WALK_AT_PROXY, R4_OK, holder, window_place(place->direct, leaf, cap)};
}

/* One step: finds the proxy or slot that `cap` names, as the holder sees it. */
static always_inline struct walk_step walk_look(const struct resolve_place *place, const struct window *holder,
                                                uint64_t cap) {
    if (cap >> 26 == place->cluster) {
        return walk_look_here(place, holder, cap);
    }
    const struct walk_page *known = place->pages == NULL ? NULL : &place->pages->of[(cap >> 32) % ASID_COUNT];
    if (unlikely(known == NULL || known->page != cap / R4_SLOTS_PER_PAGE)) {
        return walk_look_far(place->direct, place->cluster, place->asids, place->pages, holder, cap);
    }
    uint64_t offset = cap % R4_SLOTS_PER_PAGE * R4_SLOT_SIZE;
    return (struct walk_step){WALK_AT_PROXY, R4_OK, known->window, known->place + offset};
}

/* What has been read of a proxy. */
struct walk_proxy {
    uint64_t word; /* word 0, and so on */
    uint64_t target;
    uint64_t badge;
    uint64_t word3;
    bool torn; /* word 0 has changed meanwhile */
};

/* Only the first value read of word 0 counts, and only if word 0 is unchanged after the other words have been read.
 *
 * The acquire loads pair with the stores of the program that writes the proxy, by the order of <r4/proxy.h>: word 0
 * emptied, words 1 to 3, word 0 whole. The first load orders the program's earlier stores to words 1 to 3 before the
 * loads of those words; these loads are ordered before the second load of word 0, so a new value in a word shows there
 * as a new word 0. The second load needs no acquire: nothing is read after it. */
static always_inline struct walk_proxy walk_read(const struct r4_proxy *proxy) {
    uint64_t word = __atomic_load_n(&proxy->word[0], __ATOMIC_ACQUIRE);
    uint64_t target = __atomic_load_n(&proxy->word[1], __ATOMIC_ACQUIRE);
    uint64_t badge = __atomic_load_n(&proxy->word[2], __ATOMIC_ACQUIRE);
    uint64_t word3 = __atomic_load_n(&proxy->word[3], __ATOMIC_ACQUIRE);
    return (struct walk_proxy){word, target, badge, word3, __atomic_load_n(&proxy->word[0], __ATOMIC_RELAXED) != word};
}

/* The walk goes through the proxy, which is in `window`: all checks have passed. */
static always_inline void walk_pass(struct walk *walk, struct chain *chain, const struct window *window,
                                    const struct walk_proxy *read, bool first) {
    uint64_t word = read->word;
    if (first) {
        chain->first = word;
        chain->badge = read->badge;
        chain->hops = 1;
    } else {
        chain->hops++;
        if (read->badge != 0) {
            chain->badge = read->badge;
        }
    }
    *walk = (struct walk){window, read->target, word & r4_proxy_ttl_put(r4_proxy_ttl_max()),
                          (uint32_t)r4_proxy_version_get(read->word3), walk->words & word};
}

/* Follows any proxy in a proxy page of `window`, or says why not. TTL and version are at the same place in proxies and
 * slots. Errors: R4_ERR_EMPTY, R4_ERR_ASID, R4_ERR_VERSION, R4_ERR_TTL, R4_ERR_RIGHTS, R4_ERR_ONCE. */
static cold enum r4_error walk_hop_any(struct walk *walk, struct chain *chain, const struct window *window,
                                       struct r4_proxy *proxy, const struct walk_proxy *read, bool first) {
    uint64_t word = read->word;
    uint64_t ttl = word & r4_proxy_ttl_put(r4_proxy_ttl_max());
    if (read->torn || r4_proxy_kind_get(word) != R4_CAP_PROXY) {
        return window != walk->holder ? R4_ERR_ASID : R4_ERR_EMPTY;
    }
    if (r4_proxy_grantee_get(read->word3) != walk->holder->name) {
        if (window != walk->holder) {
            return R4_ERR_ASID;
        }
    }
    if (!first) {
        if ((uint32_t)r4_proxy_serial_get(word) != walk->version) {
            return R4_ERR_VERSION;
        }
        if (ttl <= walk->last) {
            return R4_ERR_TTL;
        }
        if ((word & r4_proxy_rights_put(R4_DEFER)) == 0) {
            return R4_ERR_RIGHTS;
        }
    }
    if ((word & r4_proxy_flags_put(R4_PROXY_ONCE)) != 0) {
        if (chain->once != NULL) {
            return R4_ERR_ONCE;
        }
        chain->once = proxy;
        chain->once_word = word;
    }
    walk_pass(walk, chain, window, read, first);
    return R4_OK;
}

/* Whether a proxy in `window` is single-use, or there is any reason to reject it. */
static always_inline bool walk_is_unusual(const struct walk *walk, const struct window *window,
                                          const struct walk_proxy *read, bool first) {
    const uint64_t kind_and_once = r4_proxy_kind_put(r4_proxy_kind_max()) | r4_proxy_flags_put(R4_PROXY_ONCE);
    uint64_t word = read->word;
    return read->torn || (word & kind_and_once) != r4_proxy_kind_put(R4_CAP_PROXY) ||
           (r4_proxy_grantee_get(read->word3) != walk->holder->name && window != walk->holder) ||
           (!first && ((uint32_t)r4_proxy_serial_get(word) != walk->version ||
                       (word & r4_proxy_ttl_put(r4_proxy_ttl_max())) <= walk->last ||
                       (word & r4_proxy_rights_put(R4_DEFER)) == 0));
}

/* Reads the proxy, once, and follows it. */
static always_inline enum r4_error walk_hop(struct walk *walk, struct chain *chain, const struct window *window,
                                            struct r4_proxy *proxy, bool first) {
    struct walk_proxy read = walk_read(proxy);
    if (unlikely(walk_is_unusual(walk, window, &read, first))) {
        struct walk copy = {walk->holder, 0, walk->last, walk->version, walk->words}; /* the state is in registers */
        struct walk_proxy seen = read;
        enum r4_error error = walk_hop_any(&copy, chain, window, proxy, &seen, first);
        if (error == R4_OK) {
            *walk = copy;
        }
        return error;
    }
    walk_pass(walk, chain, window, &read, first);
    return R4_OK;
}

/* Why walk_finish() rejects a slot with this word 0, in the order in which the reasons are reported: it is empty, its
 * version, its TTL, its rights. */
static cold enum r4_error walk_refusal(uint64_t word, uint64_t last, uint32_t version) {
    if (r4_slot_type_get(word) == R4_CAP_EMPTY) {
        return R4_ERR_EMPTY;
    }
    if ((uint32_t)r4_slot_version_get(word) != version) {
        return R4_ERR_VERSION;
    }
    return r4_slot_ttl_get(word) <= r4_proxy_ttl_get(last) ? R4_ERR_TTL : R4_ERR_RIGHTS;
}

/* The walk has gone through proxies to a slot of a cap page. An empty slot has TTL 0, which is always too low. */
static always_inline struct resolved walk_finish(const struct walk *walk, struct chain *chain, struct r4_slot *slot) {
    uint64_t word = slot->word[0];
    uint64_t rights = slot->word[2] << (r4_proxy_rights_low - r4_slot_rights_low);
    if ((uint32_t)r4_slot_version_get(word) != walk->version ||
        (word & r4_slot_ttl_put(r4_slot_ttl_max())) <= walk->last || (rights & r4_proxy_rights_put(R4_DEFER)) == 0) {
        return (struct resolved){NULL, walk_refusal(word, walk->last, walk->version)};
    }
    chain->words = walk->words & rights;
    return (struct resolved){slot, R4_OK};
}

/* The first step. True: it went through a proxy, and walk_on() continues. False: *resolved is the slot found, which may
 * be empty, or the error. */
static always_inline bool walk_begin(const struct resolve_place *place, struct walk *walk, struct chain *chain,
                                     struct resolved *resolved) {
    struct walk_step step = walk_look(place, walk->holder, walk->cap);
    chain->once = NULL;
    if (step.at == WALK_AT_PROXY) {
        *resolved = (struct resolved){NULL, walk_hop(walk, chain, step.window, (struct r4_proxy *)step.place, true)};
        return resolved->error == R4_OK;
    }
    *resolved = (struct resolved){step.at == WALK_AT_SLOT ? (struct r4_slot *)step.place : NULL, step.error};
    return false;
}

/* All further steps, through at most `most` proxies with the first. */
static always_inline struct resolved walk_on(const struct resolve_place *place, struct walk *walk, struct chain *chain,
                                             uint64_t most) {
    while (chain->hops <= most) {
        struct walk_step step = walk_look(place, walk->holder, walk->cap);
        if (step.at == WALK_AT_SLOT) {
            return walk_finish(walk, chain, (struct r4_slot *)step.place);
        }
        enum r4_error error = step.error;
        if (step.at == WALK_AT_PROXY) {
            error = walk_hop(walk, chain, step.window, (struct r4_proxy *)step.place, false);
        }
        if (error != R4_OK) {
            return (struct resolved){NULL, error};
        }
    }
    return (struct resolved){NULL, R4_ERR_TTL};
}

/* A walk that begins with `cap` as `caller` sees it. */
#define WALK_FROM(caller, cap)                                                                                         \
    { caller, cap, 0, 0, UINT64_MAX }

#endif
