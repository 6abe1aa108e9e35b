/* SPDX-License-Identifier: MIT
 *
 * The walk through proxies, step by step: each step does what the sentences of pure/resolve.h say, for any address, any
 * bytes in the proxy, any slot and any state of the walk. What those say about a whole walk follows by induction:
 * lemma_hops and lemma_finish are about every walk, since it begins with a first hop and continues with others.
 */
#include "lemma.h"
#include "pure/resolve.c"
#include "pure/resolve.h"

struct window windows[2];
uint64_t leaves[2][PAGING_ENTRIES]; /* one table of level 1 for each window */
struct asid_table asids;
struct walk_pages pages;
struct walk walk;
struct chain chain;
struct r4_proxy proxy;
struct r4_slot slot;

/* --- where an address leads --- */

/* A few tables and names represent all of them: the code treats all alike, except for name 0. */
static inline bool is_some(uint64_t cap) {
    uint64_t table = cap >> 16 & 1023;
    uint64_t leaf = cap >> 7 & 511;
    uint64_t name = cap >> 32 & 1023;
    return (table == 341 || table == 682) && (leaf == 170 || leaf == 341) && (name == 0 || name == 682);
}

/* The kernel's own tables are consistent, in the places at which this address makes it look. */
static inline bool good_tables(uint64_t cap, uint64_t cluster) {
    const struct asid_entry *entry = &asids.entries[cap >> 32 & 1023];
    bool nobody = entry->key == ASID_NOBODY && entry->window == NULL;
    bool somebody = entry->key < 1ULL << 38 && (entry->key & 63) == cluster && entry->key >> 6 != 0 &&
                    (entry->window == &windows[0] || entry->window == &windows[1]);
    bool tables = true;
    for (uint32_t i = 0; i < 2; i++) {
        const uint64_t *table = windows[i].tables[cap >> 16 & 1023];
        tables = tables && (table == NULL || table == leaves[i]);
    }
    return cluster < R4_MAX_CLUSTERS && tables && (nobody || somebody);
}

/* If the page that is remembered is the one of this address, then it is there. */
static inline bool good_page(uint64_t cap, uintptr_t direct) {
    const struct asid_entry *entry = &asids.entries[cap >> 32 & 1023];
    const struct walk_page *known = &pages.of[cap >> 32 & 1023];
    if (known->page != cap >> 7) {
        return true;
    }
    const uint64_t *table = entry->window == NULL ? NULL : entry->window->tables[cap >> 16 & 1023];
    uint64_t leaf = table == NULL ? 0 : table[cap >> 7 & 511];
    return entry->key == cap >> 26 && known->window == entry->window && (leaf & 0x400) != 0 &&
           known->place == direct + (leaf & 0x000ffffffffff000ULL);
}

/* A kernel slot is found only in the holder's own window, in a cap page and not at its header; a proxy in a proxy page
 * of the window named, and that page is remembered. For anything else the error is that of resolve.h. */
bool lemma_look(uint64_t cap, uint64_t cluster, uintptr_t direct, bool second) {
    GIVEN(is_some(cap) && good_tables(cap, cluster) && good_page(cap, direct))
    const struct resolve_place place = {direct, cluster, &asids, &pages};
    const struct window *holder = &windows[second];
    const struct asid_entry *entry = &asids.entries[cap >> 32 & 1023];
    const struct window *window = cap >> 26 == cluster ? holder : entry->key == cap >> 26 ? entry->window : NULL;
    const uint64_t *table = window == NULL ? NULL : window->tables[cap >> 16 & 1023];
    uint64_t leaf = table == NULL ? 0 : table[cap >> 7 & 511];
    GIVEN((leaf & 0x600) != 0x600) /* no page is of both kinds */
    uintptr_t there = direct + (leaf & 0x000ffffffffff000ULL) + (cap & 127) * 32;
    struct walk_step step = walk_look(&place, holder, cap);
    enum r4_error error = (cap >> 26 & 63) != cluster               ? R4_ERR_FOREIGN_CLUSTER
                          : window != holder                        ? R4_ERR_ASID
                          : (leaf & 0x200) == 0 || (cap & 127) == 0 ? R4_ERR_ADDRESS
                                                                    : R4_OK;
    bool proxies = (leaf & 0x400) != 0; /* page kind, bits 10:9: 2 */
    CLAIM(good_page(cap, direct) &&
          (proxies ? step.at == WALK_AT_PROXY && step.error == R4_OK && step.window == window && step.place == there
           : error == R4_OK
               ? step.at == WALK_AT_SLOT && step.window == holder && step.place == there && step.error == R4_OK
               : step.at == WALK_NOWHERE && step.error == error));
}

bool lemma_direct(uint64_t cap, uint64_t cluster, uintptr_t direct) {
    /* The direct map does not wrap around: no slot is at address 0. */
    GIVEN(is_some(cap) && good_tables(cap, cluster) && direct != 0 && direct < UINT64_MAX - (1ULL << 53))
    const uint64_t *table = windows[0].tables[cap >> 16 & 1023];
    uint64_t leaf = table == NULL ? 0 : table[cap >> 7 & 511];
    struct r4_slot *found = NULL;
    bool is = resolve_direct(direct, &windows[0], cluster, cap, &found);
    CLAIM(is == (cap >> 26 == cluster && (leaf & 0x200) != 0 && (cap & 127) != 0) &&
          (!is || (uintptr_t)found == direct + (leaf & 0x000ffffffffff000ULL) + (cap & 127) * 32));
}

/* --- a hop --- */

/* Reasons to reject a proxy, in the order in which they are reported. */
static inline enum r4_error hop_error(const struct walk *at, bool foreign, bool first, bool once) {
    uint64_t word = proxy.word[0];
    bool is_proxy = (word & 63) == 15;
    bool granted = (uint32_t)proxy.word[3] == windows[0].name;
    return foreign && !(is_proxy && granted)                    ? R4_ERR_ASID
           : !is_proxy                                          ? R4_ERR_EMPTY
           : !first && (uint32_t)(word >> 16) != at->version    ? R4_ERR_VERSION
           : !first && (word >> 6 & 15) <= (at->last >> 6 & 15) ? R4_ERR_TTL
           : !first && (word >> 48 & R4_DEFER) == 0             ? R4_ERR_RIGHTS
           : once && (word >> 10 & R4_PROXY_ONCE) != 0          ? R4_ERR_ONCE
                                                                : R4_OK;
}

/* Between two hops: `last` is the TTL of the last proxy; there were at most as many hops as there are TTLs up to it. */
static inline bool good_walk(const struct walk *at) {
    uint64_t ttl = at->last >> 6;
    return at->last == ttl << 6 && ttl <= R4_TTL_MAX && chain.hops >= 1 && chain.hops <= ttl + 1;
}

/* If there is no reason to reject a proxy: the state of the walk and of the chain after it. */
bool lemma_hop(bool foreign, bool first, bool once) {
    const struct window *window = &windows[foreign];
    walk.holder = &windows[0];
    GIVEN(first || good_walk(&walk))
    chain.once = once ? (struct r4_proxy *)&slot : NULL;
    const struct walk was = walk;
    const struct chain had = chain;
    uint64_t word = proxy.word[0];
    enum r4_error expected = hop_error(&was, foreign, first, once);
    GIVEN(expected == R4_OK)
    enum r4_error error = walk_hop(&walk, &chain, window, &proxy, first);
    bool single = (word >> 10 & 1) != 0;
    CLAIM(error == R4_OK && walk.holder == window && walk.cap == proxy.word[1] &&
          chain.hops == (first ? 1 : had.hops + 1) && walk.last == (word & BITS(9, 6)) &&
          walk.version == proxy.word[3] >> 32 && walk.words == (was.words & word) &&
          chain.first == (first ? word : had.first) &&
          chain.badge == (first || proxy.word[2] != 0 ? proxy.word[2] : had.badge) &&
          chain.once == (single ? &proxy : had.once) && chain.once_word == (single ? word : had.once_word));
}

/* Otherwise the error is reported, and the state is as before. */
bool lemma_hop_refused(bool foreign, bool first, bool once) {
    walk.holder = &windows[0];
    GIVEN(first || good_walk(&walk))
    chain.once = once ? (struct r4_proxy *)&slot : NULL;
    const struct walk was = walk;
    const struct chain had = chain;
    enum r4_error expected = hop_error(&was, foreign, first, once);
    GIVEN(expected != R4_OK)
    enum r4_error error = walk_hop(&walk, &chain, &windows[foreign], &proxy, first);
    CLAIM(error == expected && walk.holder == was.holder && walk.cap == was.cap && chain.hops == had.hops &&
          walk.last == was.last && walk.words == was.words && chain.once == had.once);
}

/* Each hop keeps what holds between hops, raises the TTL and only takes rights away. So a walk ends after 16 hops at
 * most, and succeeds only with R4_TTL_MAX or fewer (lemma_finish). */
bool lemma_hops(bool foreign, bool first) {
    walk.holder = &windows[0];
    GIVEN(first || good_walk(&walk))
    const struct walk was = walk;
    enum r4_error error = walk_hop(&walk, &chain, &windows[foreign], &proxy, first);
    GIVEN(error == R4_OK)
    uint64_t rights = r4_proxy_rights_get(walk.words);
    CLAIM(good_walk(&walk) && (first || walk.last >> 6 > was.last >> 6) &&
          (rights & ~r4_proxy_rights_get(was.words)) == 0 && (rights & ~r4_proxy_rights_get(proxy.word[0])) == 0);
}

/* --- the end --- */

/* After hops, the slot is what the last proxy leads to, or the error says why not. On success there were R4_TTL_MAX
 * hops at most, and the chain's rights are those that all proxies and the capability have. In word 0 an empty slot has
 * a version and nothing else. */
bool lemma_finish(void) {
    GIVEN(good_walk(&walk))
    bool empty = slot_type(&slot) == R4_CAP_EMPTY;
    GIVEN(!empty || (slot.word[0] & ~BITS(47, 16)) == 0)
    enum r4_error expected = empty                                  ? R4_ERR_EMPTY
                             : slot_version(&slot) != walk.version  ? R4_ERR_VERSION
                             : slot_ttl(&slot) <= (walk.last >> 6)  ? R4_ERR_TTL
                             : (slot_rights(&slot) & R4_DEFER) == 0 ? R4_ERR_RIGHTS
                                                                    : R4_OK;
    const struct r4_slot was = slot;
    struct resolved resolved = walk_finish(&walk, &chain, &slot);
    bool kept = slot.word[0] == was.word[0] && slot.word[1] == was.word[1] && slot.word[2] == was.word[2] &&
                slot.word[3] == was.word[3];
    CLAIM(kept && resolved.error == expected && resolved.slot == (expected == R4_OK ? &slot : NULL) &&
          (expected != R4_OK || (chain.hops <= R4_TTL_MAX &&
                                 chain_rights(&chain) == (r4_proxy_rights_get(walk.words) & slot_rights(&slot)))));
}

bool lemma_ttl(void) { CLAIM(chain_ttl(&chain) == (chain.first >> 6 & 15)); }

/* A single-use proxy is emptied, except for its serial, if it is as it was when read; otherwise nothing changes. */
bool lemma_consume(bool single) {
    chain.once = single ? &proxy : NULL;
    const struct r4_proxy was = proxy;
    bool unchanged = proxy.word[0] == chain.once_word;
    bool good = chain_consume(&chain);
    uint64_t emptied = was.word[0] & BITS(47, 16);
    CLAIM(good == (!single || unchanged) && proxy.word[0] == (single && unchanged ? emptied : was.word[0]) &&
          proxy.word[1] == was.word[1] && proxy.word[2] == was.word[2] && proxy.word[3] == was.word[3]);
}
