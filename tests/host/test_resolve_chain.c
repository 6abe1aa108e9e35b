/* SPDX-License-Identifier: MIT
 *
 * Walks through proxies: each rule of pure/resolve.h by itself, at each hop of a chain, with its error and the number
 * of hops that is reported; lengths and cycles; the use of a single-use proxy.
 */
#include "expect.h"
#include "random.h"
#include "world.h"

enum { SLOT = 9, CAP = 77, DEFER = 128, ALL = 511, ONCE = 1 };

/* A chain of `length` proxies for domain 0: number k is in domain k + 1, slot SLOT + k, has TTL k, and names the next
 * one; the last one names the capability in the window that it is in. */
static struct r4_proxy *hops[WORLD_DOMAINS];
static struct r4_slot *end;
static uint64_t first; /* address of proxy 0 */
static struct walked walked;

static void chain_start(uint32_t length) {
    world_start();
    first = length == 0 ? world_cap(0, PAGE_CAPS, CAP) : world_cap(world_name(1), PAGE_PROXIES, SLOT);
    for (uint32_t k = 0; k < length; k++) {
        bool last = k == length - 1;
        uint64_t target =
            last ? world_cap(0, PAGE_CAPS, CAP) : world_cap(world_name(k + 2), PAGE_PROXIES, SLOT + k + 1);
        hops[k] = world_proxy_put(k + 1, SLOT + k,
                                  (struct proxy_content){.ttl = k,
                                                         .serial = 0x80000000U + k,
                                                         .rights = ALL,
                                                         .target = target,
                                                         .grantee = world_name(k),
                                                         .version = last ? 0xfffffff0U : 0x80000000U + k + 1});
    }
    end = world_cap_put(length, CAP, (struct cap_content){2, 15, 0, 0xfffffff0U, ALL});
}

static void expect_cap(uint32_t domain, uint64_t cap, const struct r4_slot *slot, uint64_t count) {
    walked = world_resolve(domain, cap);
    ck_assert_int_eq(walked.error, R4_OK);
    ck_assert_ptr_eq(walked.slot, slot);
    ck_assert_uint_eq(walked.hops, count);
}

static void expect_error(uint32_t domain, uint64_t cap, enum r4_error error, uint64_t count) {
    walked = world_resolve(domain, cap);
    ck_assert_int_eq(walked.error, error);
    ck_assert_ptr_null(walked.slot);
    ck_assert_uint_eq(walked.hops, count);
}

/* It works in any window: domain 1 has a proxy for domain 0, and can reach its own capability through it, too. */
START_TEST(test_one_hop) {
    chain_start(1);
    hops[0]->word[2] = 33;
    expect_cap(0, first, end, 1);
    ck_assert_uint_eq(walked.rights, ALL);
    ck_assert_uint_eq(walked.ttl, 0);
    ck_assert_uint_eq(walked.chain.badge, 33);
    ck_assert_ptr_null(walked.chain.once);
    expect_cap(0, first + ((uint64_t)PAGE_FAR << 7) - (PAGE_PROXIES << 7), end, 1);
    expect_cap(1, first, end, 1); /* in the caller's own window the grantee is not checked: by name ... */
    expect_cap(1, world_cap(0, PAGE_PROXIES, SLOT), end, 1); /* ... or by asid 0 */
    expect_cap(1, world_cap(0, PAGE_CAPS, CAP), end, 0);
    expect_cap(1, world_cap(world_name(1), PAGE_CAPS, CAP), end, 0);
}
END_TEST

/* Asid 0 in a proxy is the window that the proxy is in, not the caller's. */
START_TEST(test_holder_changes) {
    chain_start(1);
    world_cap_put(0, CAP, (struct cap_content){3, 15, 0, 0xfffffff0U, ALL});
    expect_cap(0, first, end, 1);
    hops[0]->word[1] = world_cap(world_name(1), PAGE_CAPS, CAP); /* the same by its name */
    expect_cap(0, first, end, 1);
    hops[0]->word[1] = world_cap(world_name(0), PAGE_CAPS, CAP); /* the caller's own, which for domain 1 is another's */
    expect_error(0, first, R4_ERR_ASID, 1);
    struct r4_proxy *back = world_proxy_put(
        0, 3, (struct proxy_content){1, 0, 4, ALL, world_cap(0, PAGE_CAPS, CAP), 0, world_name(1), 0xfffffff0U});
    hops[0]->word[1] = world_cap(world_name(0), PAGE_PROXIES, 3);
    hops[0]->word[3] = world_name(0) | 4ULL << 32;
    expect_cap(0, first, (struct r4_slot *)&world[0].caps[CAP * 4],
               2); /* and back again, through a proxy for domain 1 */
    back->word[3] = world_name(0) | 0xfffffff0ULL << 32;
    expect_error(0, first, R4_ERR_ASID, 1);
}
END_TEST

/* In another's window, whatever is there and is no proxy for the holder gives the same error. */
START_TEST(test_foreign_window_tells_nothing) {
    static const uint64_t pages[] = {PAGE_CAPS, PAGE_PLAIN, PAGE_NOTHING, 1 << 17, 1 << 18 | 1};
    for (uint32_t k = 0; k < 3; k++) {
        chain_start(3);
        uint64_t *address = k == 0 ? &first : &hops[k - 1]->word[1];
        uint64_t good = *address;
        for (size_t i = 0; i < R4_COUNT(pages); i++) {
            *address = world_cap((uint32_t)(good >> 32), pages[i], pages[i] == PAGE_CAPS ? CAP : SLOT + k);
            expect_error(0, first, R4_ERR_ASID, k);
        }
        *address = good;
        for (uint64_t kind = 0; kind < 64; kind++) {
            hops[k]->word[0] = (hops[k]->word[0] & ~63ULL) | kind;
            kind == 15 ? expect_cap(0, first, end, 3) : expect_error(0, first, R4_ERR_ASID, k);
        }
    }
}
END_TEST

START_TEST(test_grantee) {
    for (uint32_t k = 0; k < 3; k++) {
        for (uint32_t bit = 0; bit < 32; bit++) { /* asid and generation */
            chain_start(3);
            hops[k]->word[3] ^= 1ULL << bit;
            expect_error(0, first, R4_ERR_ASID, k);
        }
        hops[k]->word[3] &= ~0xffffffffULL; /* nobody */
        expect_error(0, first, R4_ERR_ASID, k);
    }
}
END_TEST

/* A stale name: never given, given back, or with the asid now used by another address space. */
START_TEST(test_stale_name) {
    for (uint32_t k = 0; k < 3; k++) {
        chain_start(3);
        uint64_t *address = k == 0 ? &first : &hops[k - 1]->word[1];
        for (uint32_t bit = 32; bit < 64; bit++) {
            *address ^= 1ULL << bit;
            expect_error(0, first, R4_ERR_ASID, k);
            *address ^= 1ULL << bit;
        }
        asid_give(&world_asids, world_name(k + 1));
        expect_error(0, first, R4_ERR_ASID, k);
        world_asids.pools[(k + 1) % ASID_POOLS].first = world_name(k + 1) & 0xffff; /* it is given next */
        world[k + 1].window.name = asid_take(&world_asids, (k + 1) % ASID_POOLS, &world[k + 1].window);
        expect_error(0, first, R4_ERR_ASID, k);
        *address = (*address & 0xffffffff) | (uint64_t)world_name(k + 1) << 32;
        if (k == 2) {
            expect_cap(0, first, end, 3);
        } else { /* under its new name it is not the grantee of the next proxy */
            expect_error(0, first, R4_ERR_ASID, k + 1);
        }
    }
}
END_TEST

/* In the holder's own window the error says what is missing. */
START_TEST(test_own_window) {
    static const uint64_t pages[] = {PAGE_PLAIN, PAGE_NOTHING, 1 << 17, 1 << 18 | 1};
    chain_start(1);
    for (size_t i = 0; i < R4_COUNT(pages); i++) {
        expect_error(1, world_cap(0, pages[i], SLOT), R4_ERR_ADDRESS, 0);
        hops[0]->word[1] = world_cap(0, pages[i], SLOT);
        expect_error(0, first, R4_ERR_ADDRESS, 1);
    }
    hops[0]->word[1] = world_cap(0, PAGE_CAPS, CAP);
    expect_cap(1, world_cap(0, PAGE_PROXIES, SLOT), end, 1);
    for (uint64_t kind = 0; kind < 64; kind++) {
        hops[0]->word[0] = (hops[0]->word[0] & ~63ULL) | kind;
        if (kind != 15) {
            expect_error(1, world_cap(0, PAGE_PROXIES, SLOT), R4_ERR_EMPTY, 0);
        }
    }
    expect_error(1, world_cap(0, PAGE_CAPS, 0), R4_ERR_ADDRESS, 0); /* the page's header */
    hops[0]->word[0] = (hops[0]->word[0] & ~63ULL) | 15;
    memcpy(&world[1].proxies[0], hops[0], sizeof(*hops[0])); /* a proxy page has none */
    expect_cap(1, world_cap(0, PAGE_PROXIES, 0), end, 1);
}
END_TEST

START_TEST(test_cluster) {
    for (uint32_t k = 0; k <= 3; k++) {
        chain_start(3);
        uint64_t *address = k == 0 ? &first : &hops[k - 1]->word[1];
        static const uint64_t names[] = {0, UINT32_MAX, 1, 1 << 16}; /* the cluster is checked before the name */
        for (uint64_t cluster = 0; cluster < R4_MAX_CLUSTERS; cluster++) {
            for (size_t i = 0; i < R4_COUNT(names) && cluster != WORLD_CLUSTER; i++) {
                *address = (*address & 0x3ffffff) | cluster << 26 | names[i] << 32;
                expect_error(0, first, R4_ERR_FOREIGN_CLUSTER, k);
            }
        }
    }
}
END_TEST

/* The serial of a proxy, or the version of a slot. At the first hop nobody compares it. */
START_TEST(test_version) {
    for (uint32_t k = 0; k <= 3; k++) {
        for (uint32_t bit = 16; bit < 48; bit++) {
            chain_start(3);
            uint64_t *word = k == 3 ? &end->word[0] : &hops[k]->word[0];
            *word ^= 1ULL << bit;
            k == 0 ? expect_cap(0, first, end, 3) : expect_error(0, first, R4_ERR_VERSION, k);
        }
    }
}
END_TEST

START_TEST(test_ttl) {
    for (uint64_t near = 0; near < 16; near++) {
        for (uint64_t far = 0; far < 16; far++) {
            chain_start(2);
            hops[0]->word[0] = (hops[0]->word[0] & ~0x3c0ULL) | near << 6;
            hops[1]->word[0] = (hops[1]->word[0] & ~0x3c0ULL) | far << 6;
            if (near < far && far < 15) {
                expect_cap(0, first, end, 2);
                ck_assert_uint_eq(walked.ttl, near);
            } else {
                expect_error(0, first, R4_ERR_TTL, near < far ? 2 : 1);
            }
            chain_start(1);
            hops[0]->word[0] |= near << 6;
            end->word[0] = (end->word[0] & ~0x3c0ULL) | far << 6;
            near < far ? expect_cap(0, first, end, 1) : expect_error(0, first, R4_ERR_TTL, 1);
        }
    }
}
END_TEST

START_TEST(test_defer) {
    for (uint32_t k = 0; k <= 3; k++) {
        chain_start(3);
        uint64_t *word = k == 3 ? &end->word[2] : &hops[k]->word[0];
        uint32_t shift = k == 3 ? 40 : 48;
        *word &= ~(0xfffULL << shift);
        k == 0 ? expect_cap(0, first, end, 3) : expect_error(0, first, R4_ERR_RIGHTS, k);
        *word |= (0xfffULL & ~DEFER) << shift;
        k == 0 ? expect_cap(0, first, end, 3) : expect_error(0, first, R4_ERR_RIGHTS, k);
        *word = (*word & ~(0xfffULL << shift)) | (uint64_t)DEFER << shift;
        expect_cap(0, first, end, 3);
        ck_assert_uint_eq(walked.rights, DEFER);
    }
}
END_TEST

START_TEST(test_rights) {
    uint64_t state = 61;
    chain_start(3);
    for (uint32_t round = 0; round < 1000; round++) {
        uint64_t expected = ALL;
        for (uint32_t k = 0; k <= 3; k++) {
            uint64_t rights = random_below(&state, k == 3 ? 512 : 4096) | (k == 0 ? 0 : DEFER);
            uint64_t *word = k == 3 ? &end->word[2] : &hops[k]->word[0];
            uint32_t shift = k == 3 ? 40 : 48;
            *word = (*word & ~(0xfffULL << shift)) | rights << shift;
            expected &= rights;
        }
        expect_cap(0, first, end, 3);
        ck_assert_uint_eq(walked.rights, expected);
    }
}
END_TEST

/* The badge nearest to the capability counts. */
START_TEST(test_badge) {
    for (uint32_t set = 0; set < 8; set++) {
        uint64_t expected = 0;
        chain_start(3);
        for (uint32_t k = 0; k < 3; k++) {
            hops[k]->word[2] = (set >> k & 1) != 0 ? UINT64_MAX - k : 0;
            expected = hops[k]->word[2] != 0 ? hops[k]->word[2] : expected;
        }
        expect_cap(0, first, end, 3);
        ck_assert_uint_eq(walked.chain.badge, expected);
    }
}
END_TEST

START_TEST(test_once) {
    for (uint32_t set = 0; set < 16; set++) {
        chain_start(4);
        uint32_t count = 0;
        uint32_t last = 0;
        uint32_t second = 0;
        for (uint32_t k = 0; k < 4; k++) {
            hops[k]->word[0] |= (uint64_t)(set >> k & 1) << 10 | 0x3eULL << 10; /* the other flags mean nothing */
            if ((set >> k & 1) != 0) {
                second = ++count == 2 ? k : second;
                last = k;
            }
        }
        if (count > 1) {
            expect_error(0, first, R4_ERR_ONCE, second);
            continue;
        }
        expect_cap(0, first, end, 4);
        ck_assert_ptr_eq(walked.chain.once, count == 0 ? NULL : hops[last]);
        ck_assert(count == 0 || walked.chain.once_word == hops[last]->word[0]);
    }
}
END_TEST

/* The end of the chain: empty, of any type, with any flags (a slot that is being revoked is refused later). */
START_TEST(test_end) {
    chain_start(2);
    for (uint64_t type = 1; type < 64; type++) {
        end->word[0] = (end->word[0] & ~63ULL) | type;
        expect_cap(0, first, end, 2);
    }
    for (uint64_t flags = 0; flags < 64; flags++) {
        end->word[0] = (end->word[0] & ~(63ULL << 10)) | flags << 10;
        expect_cap(0, first, end, 2);
        ck_assert_uint_eq(walked.rights, ALL);
        ck_assert_uint_eq(walked.ttl, 0);
    }
    slot_clear(end);
    expect_error(0, first, R4_ERR_EMPTY, 2);
    end->word[0] ^= 1 << 16;
    expect_error(0, first, R4_ERR_EMPTY, 2);
}
END_TEST

/* Up to 15 proxies, each in another window. With 16, the capability would need a TTL above the highest. */
START_TEST(test_length) {
    for (uint32_t length = 0; length <= 15; length++) {
        chain_start(length);
        expect_cap(0, first, end, length);
        ck_assert(length == 0 || (walked.ttl == 0 && walked.rights == ALL));
    }
    chain_start(16);
    expect_error(0, first, R4_ERR_TTL, 16);
    hops[15]->word[0] &= ~(1ULL << 6);
    expect_error(0, first, R4_ERR_TTL, 15);
}
END_TEST

/* As many as the limit allows, and not one more; without a proxy the limit does not matter. */
START_TEST(test_most) {
    for (uint32_t length = 0; length <= 15; length++) {
        for (uint64_t most = 0; most <= 15; most++) {
            chain_start(length);
            walked = world_resolve_most(0, first, most);
            ck_assert_int_eq(walked.error, length <= most ? R4_OK : R4_ERR_TTL);
            ck_assert_ptr_eq(walked.slot, length <= most ? end : NULL);
            ck_assert_uint_eq(walked.hops, length <= most ? length : most + 1);
        }
    }
}
END_TEST

/* A proxy that names itself, and cycles of two and more: the TTL ends the walk after one round. */
START_TEST(test_cycle) {
    for (uint32_t length = 1; length <= 15; length++) {
        chain_start(length);
        hops[length - 1]->word[1] = first;
        hops[length - 1]->word[3] = world_name(length - 1) | 0x80000000ULL << 32;
        hops[0]->word[3] = (hops[0]->word[3] & ~0xffffffffULL) | world_name(length); /* the last one may use it */
        expect_error(1, length == 1 ? first : world_cap(0, PAGE_PROXIES, SLOT), R4_ERR_TTL, length);
        hops[length - 1]->word[0] &= ~(15ULL << 6);
        expect_error(1, world_cap(0, PAGE_PROXIES, SLOT), R4_ERR_TTL, length == 1 ? 1 : length - 1);
    }
}
END_TEST

/* It is emptied once: kind, TTL, flags and rights are gone, the serial stays. */
START_TEST(test_consume) {
    for (uint32_t k = 0; k < 3; k++) {
        chain_start(3);
        hops[k]->word[0] |= ONCE << 10 | 0xfULL << 60;
        expect_cap(0, first, end, 3);
        struct chain again = walked.chain;
        struct r4_proxy before = *hops[k];
        ck_assert(chain_consume(&walked.chain));
        ck_assert_uint_eq(hops[k]->word[0], (0x80000000ULL + k) << 16);
        ck_assert_mem_eq(&hops[k]->word[1], &before.word[1], 24);
        ck_assert(!chain_consume(&again));
        ck_assert_uint_eq(hops[k]->word[0], (0x80000000ULL + k) << 16);
        expect_error(0, first, R4_ERR_ASID, k);
    }
}
END_TEST

START_TEST(test_consume_changed) {
    for (uint32_t bit = 0; bit < 64; bit++) {
        chain_start(3);
        hops[1]->word[0] |= ONCE << 10;
        expect_cap(0, first, end, 3);
        hops[1]->word[0] ^= 1ULL << bit;
        uint64_t written = hops[1]->word[0];
        ck_assert(!chain_consume(&walked.chain));
        ck_assert_uint_eq(hops[1]->word[0], written);
    }
}
END_TEST

START_TEST(test_consume_nothing) {
    chain_start(3);
    struct r4_proxy before[3] = {*hops[0], *hops[1], *hops[2]};
    expect_cap(0, first, end, 3);
    ck_assert(chain_consume(&walked.chain));
    ck_assert(chain_consume(&walked.chain));
    for (uint32_t k = 0; k < 3; k++) {
        ck_assert_mem_eq(hops[k], &before[k], sizeof(before[k]));
    }
}
END_TEST

SUITE_MAIN("resolve through proxies", test_one_hop, test_holder_changes, test_foreign_window_tells_nothing,
           test_grantee, test_stale_name, test_own_window, test_cluster, test_version, test_ttl, test_defer,
           test_rights, test_badge, test_once, test_end, test_length, test_most, test_cycle, test_consume,
           test_consume_changed, test_consume_nothing)
