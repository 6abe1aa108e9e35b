/* SPDX-License-Identifier: MIT
 *
 * A small world for walks through proxies: address spaces, each with a name and with a window in simulated physical
 * memory, whose slots a test fills. Words are composed here by the pictures at the heads of <r4/slot.h>, <r4/proxy.h>
 * and <r4/abi.h>, and not by the functions under test.
 */
#ifndef R4_TESTS_WORLD_H
#define R4_TESTS_WORLD_H

#include "pure/resolve.h"
#include "space.h"

#define WORLD_DOMAINS 17U
#define WORLD_CLUSTER 5U

/* The pages of each window. There are two frames, one of kernel capabilities and one of proxies. The second is mapped
 * at several places, as a proxy page and as a plain page. */
enum {
    PAGE_CAPS = 0,
    PAGE_PROXIES = 1,
    PAGE_PLAIN = 2,    /* page kind 0 */
    PAGE_NOTHING = 3,  /* not mapped */
    PAGE_FAR = 1 << 18 /* the proxies again, in the other half of the window */
};

struct domain {
    phys_t root;
    struct window window;
    uint64_t *caps; /* the words of the two frames */
    uint64_t *proxies;
};

static struct domain world[WORLD_DOMAINS];
static struct asid_table world_asids;
static _Thread_local struct walk_pages world_pages;

static inline uint64_t *world_leaf(struct domain *domain, uint64_t page) {
    return space_entry(domain->root, 0x8000000000ULL + page * 4096, 1);
}

/* Fills the window's list of tables from the page tables. */
static inline void world_tables(struct domain *domain) {
    static const uint64_t pages[] = {0, PAGE_FAR};
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        phys_t table = *space_entry(domain->root, 0x8000000000ULL + pages[i] * 4096, 2) & ~0xfffULL;
        domain->window.tables[pages[i] / 512] = table == 0 ? NULL : space_table(table);
    }
}

static inline void world_map(struct domain *domain) {
    phys_t caps = space_page();
    phys_t proxies = space_page();
    domain->caps = space_table(caps);
    domain->proxies = space_table(proxies);
    *world_leaf(domain, PAGE_CAPS) = caps | 0x205; /* present, user, page kind 1 in bits 10:9 */
    *world_leaf(domain, PAGE_PROXIES) = proxies | 0x407;
    *world_leaf(domain, PAGE_PLAIN) = proxies | 0x7;
    *world_leaf(domain, PAGE_FAR) = proxies | 0x407;
    world_tables(domain);
}

/* All slots are empty. Any two names differ in two bits at least: one wrong bit never gives the name of another. */
static inline void world_start(void) {
    static struct window nobodys;
    memset(&world_asids, 0, sizeof(world_asids));
    asid_table_init(&world_asids, WORLD_CLUSTER);
    for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
        world[i].root = i == 0 ? space_start() : space_page();
        if (i == 0 || __builtin_parity(i)) {
            asid_take(&world_asids, i % ASID_POOLS, &nobodys);
        }
        world[i].window.name = asid_take(&world_asids, i % ASID_POOLS, &world[i].window);
        world_map(&world[i]);
    }
}

static inline uint32_t world_name(uint32_t domain) { return world[domain].window.name; }

/* A cap address in the window with that name; name 0: in the holder's own. */
static inline uint64_t world_cap(uint32_t name, uint64_t page, uint64_t slot) {
    return (uint64_t)name << 32 | (uint64_t)WORLD_CLUSTER << 26 | page << 7 | slot;
}

/* What a kernel capability is filled with. */
struct cap_content {
    uint64_t type, ttl, flags, version, rights;
};

static inline struct r4_slot *world_cap_put(uint32_t domain, uint32_t slot, struct cap_content content) {
    uint64_t *word = &world[domain].caps[(size_t)slot * 4];
    word[0] = content.type | content.ttl << 6 | content.flags << 10 | content.version << 16;
    word[1] = 0;
    word[2] = content.rights << 40;
    word[3] = 0;
    return (struct r4_slot *)word;
}

struct proxy_content {
    uint64_t ttl, flags, serial, rights;
    uint64_t target;
    uint64_t badge;
    uint64_t grantee, version;
};

static inline struct r4_proxy *world_proxy_put(uint32_t domain, uint32_t slot, struct proxy_content content) {
    uint64_t *word = &world[domain].proxies[(size_t)slot * 4];
    word[0] = 15 | content.ttl << 6 | content.flags << 10 | content.serial << 16 | content.rights << 48;
    word[1] = content.target;
    word[2] = content.badge;
    word[3] = content.grantee | content.version << 32;
    return (struct r4_proxy *)word;
}

/* The result of a walk; of a walk without proxies only slot, error and hops are defined. */
struct walked {
    struct r4_slot *slot;
    enum r4_error error;
    uint64_t hops, rights, ttl;
    struct chain chain;
};

/* With the pages that walks before this one have found: nothing may have changed in the tables since. */
static inline struct walked world_resolve_again(uint32_t domain, uint64_t cap, uint64_t most) {
    struct resolve_place place = {space_direct(), WORLD_CLUSTER, &world_asids, &world_pages};
    struct walked walked;
    struct resolved resolved = resolve_chain(&place, &world[domain].window, cap, most, &walked.chain);
    walked.hops = walked.chain.hops;
    walked.slot = resolved.slot;
    walked.error = resolved.error;
    walked.rights = chain_rights(&walked.chain);
    walked.ttl = chain_ttl(&walked.chain);
    return walked;
}

static inline struct walked world_resolve_most(uint32_t domain, uint64_t cap, uint64_t most) {
    walk_forget_all(&world_pages);
    return world_resolve_again(domain, cap, most);
}

static inline struct walked world_resolve(uint32_t domain, uint64_t cap) {
    return world_resolve_most(domain, cap, R4_TTL_MAX);
}

#endif
