/* SPDX-License-Identifier: MIT
 *
 * Walks in random worlds, compared with the model of walk_model.h. Each world is filled at random, gets a path that is
 * correct from end to end, and is then damaged: bits of the path's slots change, pages and tables vanish, names are
 * given back. Then the path is walked from its beginning, from its middle, by another caller, and so is any other
 * address.
 */
#include "expect.h"
#include "random.h"
#include "walk_model.h"

enum { WORLDS = 120000, DOMAINS = 5, CAPS = 3, PROXIES = 6, LONGEST = 16, FLAWS = 3 };

static uint64_t state = 67;
static uint64_t any(uint64_t limit) { return random_below(&state, limit); }
static bool one_in(uint64_t chances) { return any(chances) == 0; }

/* What was damaged in page tables, to be repaired for the next world. */
static struct {
    uint64_t *word;
    uint64_t good;
} flaws[FLAWS + 1];
static uint32_t flaw_count;

static void table_damage(uint64_t *word, uint64_t bad) {
    flaws[flaw_count].word = word;
    flaws[flaw_count++].good = *word;
    *word = bad;
}

static void repair(void) {
    while (flaw_count > 0) {
        flaw_count--;
        *flaws[flaw_count].word = flaws[flaw_count].good;
    }
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        world_tables(&world[domain]);
    }
}

static uint64_t some_rights(void) { return any(4096) | (one_in(8) ? 0 : R4_DEFER); }
static uint64_t some_badge(void) { return one_in(2) ? 0 : random_next(&state); }

/* An address that often leads to something. */
static uint64_t some_cap(void) {
    bool proxies = !one_in(3);
    uint64_t page = proxies ? (one_in(4) ? PAGE_FAR : PAGE_PROXIES) : PAGE_CAPS;
    page = one_in(8) ? any(PAGE_NOTHING + 1) : page;
    return world_cap(one_in(3) ? 0 : world_name((uint32_t)any(DOMAINS)), page, any(proxies ? PROXIES + 1 : CAPS + 1));
}

/* An empty slot has a version and nothing else. */
static void some_slot(uint32_t domain, uint32_t slot) {
    bool empty = one_in(4);
    world_cap_put(domain, slot,
                  empty ? (struct cap_content){.version = any(4)}
                        : (struct cap_content){1 + any(63), any(16), any(64), any(4), any(R4_ALL_RIGHTS + 1)});
}

/* Fills all slots, before the path is written over some. Serials and versions are small numbers, so that they are often
 * right by chance. */
static void fill(void) {
    for (uint32_t domain = 0; domain < DOMAINS; domain++) {
        for (uint32_t slot = 0; slot <= CAPS; slot++) {
            some_slot(domain, slot);
        }
        for (uint32_t slot = 0; slot <= PROXIES; slot++) {
            uint64_t grantee = world_name((uint32_t)any(DOMAINS));
            world_proxy_put(domain, slot,
                            (struct proxy_content){any(16), one_in(4) ? any(64) : 0, any(4), some_rights(), some_cap(),
                                                   some_badge(), grantee, any(4)});
        }
    }
}

/* A path: place i is in the window of `domain[i]`; the last one is a capability in the last holder's own window. */
struct path {
    uint32_t caller;
    uint32_t proxies;
    uint64_t cap[LONGEST + 1]; /* the address of each place, as the place before gives it */
    uint64_t *word[LONGEST + 1];
    uint32_t domain[LONGEST + 1];
};

static uint64_t path_address(uint32_t holder, uint32_t domain, uint64_t page, uint64_t slot) {
    return world_cap(domain == holder && one_in(2) ? 0 : world_name(domain), page, slot);
}

/* Chooses places, all different, and their addresses. */
static void path_places(struct path *path) {
    uint64_t used = 0;
    path->caller = (uint32_t)any(DOMAINS);
    path->proxies = (uint32_t)any(LONGEST + 1);
    uint32_t holder = path->caller;
    for (uint32_t i = 0; i < path->proxies; i++) {
        uint64_t slot;
        do {
            path->domain[i] = (uint32_t)any(DOMAINS);
            slot = 1 + any(PROXIES);
        } while ((used >> (path->domain[i] * PROXIES + slot) & 1) != 0);
        used |= 1ULL << (path->domain[i] * PROXIES + slot);
        path->cap[i] = path_address(holder, path->domain[i], one_in(4) ? PAGE_FAR : PAGE_PROXIES, slot);
        path->word[i] = &world[path->domain[i]].proxies[slot * 4];
        holder = path->domain[i];
    }
    uint64_t slot = 1 + any(CAPS);
    path->domain[path->proxies] = holder;
    path->cap[path->proxies] = path_address(holder, holder, PAGE_CAPS, slot);
    path->word[path->proxies] = &world[holder].caps[slot * 4];
}

/* Writes the path from its end, each proxy with what it names. TTLs fall towards the caller, by one or more. */
static void path_write(struct path *path) {
    uint32_t left = path->proxies;
    uint64_t ttl = left >= 15 ? 15 : left + any(16 - left);
    uint64_t version = random_next(&state) >> 32;
    uint32_t once = (uint32_t)any(2 * LONGEST);
    uint32_t slot = (uint32_t)(path->word[left] - world[path->domain[left]].caps) / 4;
    world_cap_put(path->domain[left], slot, (struct cap_content){1 + any(63), ttl, 0, version, any(512) | 128});
    while (left-- > 0) {
        uint64_t below = ttl > left ? ttl - left : 0; /* the TTLs that are left for this one */
        uint32_t holder = left == 0 ? path->caller : path->domain[left - 1];
        ttl = below == 0 ? 0 : left + any(below);
        slot = (uint32_t)(path->word[left] - world[path->domain[left]].proxies) / 4;
        struct proxy_content content = {ttl,
                                        left == once,
                                        random_next(&state) >> 32,
                                        some_rights() | 128,
                                        path->cap[left + 1],
                                        some_badge(),
                                        world_name(holder),
                                        version};
        world_proxy_put(path->domain[left], slot, content);
        version = content.serial;
    }
}

/* Changes a bit of a slot. A kernel slot remains a possible one: no rights that do not exist, nothing but a version in
 * an empty one. */
static void flaw_of_slot(const struct path *path, uint32_t place) {
    uint64_t *word = path->word[place];
    word[any(4)] ^= 1ULL << any(64);
    if (place == path->proxies) {
        word[0] &= (word[0] & 63) == 0 ? 0xffffffff0000ULL : UINT64_MAX;
        word[2] &= ~((uint64_t)(4095 & ~R4_ALL_RIGHTS) << 40);
    }
}

static void flaw(const struct path *path) {
    uint32_t place = (uint32_t)any(path->proxies + 1);
    uint32_t domain = path->domain[place];
    uint64_t page = one_in(4) ? any(PAGE_NOTHING) : path->cap[place] >> 7 & (WINDOW_PAGES - 1);
    uint64_t *leaf = world_leaf(&world[domain], page);
    switch (any(16)) {
    case 0: /* a page is unmapped, or has lost its kind */
        table_damage(leaf, one_in(2) ? 0 : *leaf & ~0x600ULL);
        break;
    case 1: /* a new name */
        asid_give(&world_asids, world_name(domain));
        world[domain].window.name = asid_take(&world_asids, (uint32_t)any(ASID_POOLS), &world[domain].window);
        break;
    case 2: /* one more single-use proxy */
        path->word[place][0] |= 1ULL << 10;
        break;
    case 3: /* DEFER */
        path->word[place][place == path->proxies ? 2 : 0] ^= 1ULL << (place == path->proxies ? 47 : 55);
        break;
    default:
        flaw_of_slot(path, place);
    }
}

/* Unmaps one table of a window. */
static void flaw_of_tables(struct domain *domain) {
    table_damage(space_entry(domain->root, 0x8000000000ULL + (one_in(2) ? 0 : (uint64_t)PAGE_FAR) * 4096, 2), 0);
    world_tables(domain);
}

/* How often each error occurred, and each length without an error. */
static uint32_t errors[R4_ERROR_COUNT];
static uint32_t lengths[LONGEST + 1];

/* resolve_direct() is for slots of cap pages in the caller's own window, named by asid 0. */
static void compare_direct(uint32_t caller, uint64_t cap, const struct place *first) {
    struct r4_slot *slot = NULL;
    bool own = cap >> 26 == WORLD_CLUSTER && first->kind == 1;
    EXPECT(resolve_direct(space_direct(), &world[caller].window, WORLD_CLUSTER, cap, &slot) == own);
    EXPECT((uint64_t *)slot == (own ? first->word : NULL));
}

static void compare(uint32_t caller, uint64_t cap) {
    struct model model;
    struct walked walked = world_resolve(caller, cap);
    model_walk(&model, caller, cap);
    compare_direct(caller, cap, &model.places[0]);
    errors[model.error]++;
    EXPECT(walked.error == model.error);
    EXPECT(walked.hops == model.hops);
    struct walked again = world_resolve_again(caller, cap, R4_TTL_MAX);
    EXPECT(again.error == walked.error && again.hops == walked.hops && again.slot == walked.slot);
    if (model.error != R4_OK) {
        EXPECT(walked.slot == NULL);
        return;
    }
    lengths[model.hops]++;
    EXPECT((uint64_t *)walked.slot == model.places[model.hops].word);
    if (model.hops != 0) {
        EXPECT(walked.rights == model.rights);
        EXPECT(walked.ttl == model.ttl);
        EXPECT(walked.chain.badge == model.badge);
        EXPECT(walked.chain.once == (const struct r4_proxy *)model.once);
        EXPECT(model.once == NULL || walked.chain.once_word == *model.once);
    }
}

static void world_try(void) {
    struct path path;
    fill();
    path_places(&path);
    path_write(&path);
    for (uint64_t count = any(FLAWS + 1); count > 0; count--) {
        flaw(&path);
    }
    if (one_in(32)) {
        flaw_of_tables(&world[any(DOMAINS)]);
    }
    uint32_t middle = (uint32_t)any(path.proxies + 1);
    compare(path.caller, path.cap[0]);
    compare(middle == 0 ? path.caller : path.domain[middle - 1], path.cap[middle]);
    compare((uint32_t)any(DOMAINS), path.cap[middle]);
    compare((uint32_t)any(DOMAINS), some_cap());
    compare((uint32_t)any(DOMAINS), path.cap[middle] ^ 1ULL << any(64));
    repair();
}

START_TEST(test_random_worlds) {
    static const enum r4_error seen[] = {R4_OK,       R4_ERR_EMPTY,   R4_ERR_ADDRESS, R4_ERR_FOREIGN_CLUSTER,
                                         R4_ERR_ASID, R4_ERR_VERSION, R4_ERR_TTL,     R4_ERR_RIGHTS,
                                         R4_ERR_ONCE};
    world_start();
    for (uint32_t i = 0; i < WORLDS; i++) {
        world_try();
    }
    for (size_t i = 0; i < R4_COUNT(seen); i++) {
        ck_assert_msg(errors[seen[i]] > WORLDS / 200, "%s occurred %u times", r4_error_name(seen[i]), errors[seen[i]]);
    }
    for (uint32_t i = 0; i <= R4_TTL_MAX; i++) {
        ck_assert_msg(lengths[i] > WORLDS / 200, "length %u occurred %u times", i, lengths[i]);
    }
    ck_assert_uint_eq(lengths[R4_TTL_MAX + 1], 0);
}
END_TEST

SUITE_MAIN("resolve in random worlds", test_random_worlds)
