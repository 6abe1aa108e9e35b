/* SPDX-License-Identifier: MIT
 *
 * Each meaning differs from every other in every word of the proxy: target, badge, version, TTL, rights. The proxy lies
 * in domain 1's window and is for domain 0. Words and memory orders are written out here, unlike in user/: they are
 * what the wrong ways to write get wrong. Kernel side: walk_hop and chain_consume of cluster-kernel/pure/walk.h.
 */
#include "race.h"
#include "lib/proxy.h"
#include "world.h"

enum { SLOT = 9, CAP = 40 };

static struct r4_proxy *proxy;
static uint64_t flags;

static struct r4_proxy_content content(int meaning) {
    return (struct r4_proxy_content){.target = world_cap(0, PAGE_CAPS, (uint64_t)(CAP + meaning)),
                                     .version = 0x1000U << meaning,
                                     .grantee = world_name(0),
                                     .rights = 1U << meaning,
                                     .ttl = (uint32_t)meaning + 1,
                                     .flags = (uint32_t)flags,
                                     .badge = 0x100UL << meaning};
}

unsigned long *race_start(unsigned with_flags) {
    flags = with_flags;
    if (proxy == NULL) {
        world_start();
        for (int meaning = 0; meaning < RACE_MEANINGS; meaning++) {
            world_cap_put(1, (uint32_t)(CAP + meaning),
                          (struct cap_content){R4_CAP_NOTIFICATION, 15, 0, 0x1000U << meaning, R4_ALL_RIGHTS});
        }
        proxy = (struct r4_proxy *)&world[1].proxies[(size_t)SLOT * 4];
    }
    return proxy->word;
}

void race_write(int meaning) {
    struct r4_proxy_content wanted = content(meaning);
    r4_proxy_write(proxy, &wanted);
}

void race_clear(void) { r4_proxy_clear(proxy); }

/* The words that a meaning has, as the library writes them. */
static struct r4_proxy words_of(int meaning) {
    struct r4_proxy_content wanted = content(meaning);
    struct r4_proxy words = {{__atomic_load_n(&proxy->word[0], __ATOMIC_RELAXED), 0, 0, 0}};
    r4_proxy_write(&words, &wanted);
    return words;
}

static void store_rest(const struct r4_proxy *words) {
    __atomic_store_n(&proxy->word[1], words->word[1], __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->word[2], words->word[2], __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->word[3], words->word[3], __ATOMIC_RELEASE);
}

void race_write_half(int meaning) {
    struct r4_proxy words = words_of(meaning);
    __atomic_store_n(&proxy->word[0], r4_proxy_serial_put(r4_proxy_serial_get(words.word[0])), __ATOMIC_RELAXED);
    __atomic_store_n(&proxy->word[1], words.word[1], __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->word[2], words.word[2], __ATOMIC_RELEASE);
}

void race_write_uncleared(int meaning) {
    struct r4_proxy words = words_of(meaning);
    store_rest(&words);
    __atomic_store_n(&proxy->word[0], words.word[0], __ATOMIC_RELEASE);
}

void race_write_early(int meaning) {
    struct r4_proxy words = words_of(meaning);
    r4_proxy_clear(proxy);
    __atomic_store_n(&proxy->word[0], words.word[0], __ATOMIC_RELEASE);
    store_rest(&words);
}

void race_write_relaxed(int meaning) {
    struct r4_proxy words = words_of(meaning);
    r4_proxy_clear(proxy);
    for (int i = 3; i >= 0; i--) {
        __atomic_store_n(&proxy->word[i], words.word[i], __ATOMIC_RELAXED);
    }
}

void race_write_unchanged(int meaning) {
    struct r4_proxy words = words_of(meaning);
    uint32_t serial = r4_proxy_serial(proxy);
    r4_proxy_clear(proxy);
    store_rest(&words);
    __atomic_store_n(&proxy->word[0], r4_proxy_serial_set(words.word[0], serial), __ATOMIC_RELEASE);
}

static int oracle_of(const struct walked *walked) {
    if (walked->error == R4_ERR_ASID) {
        return RACE_NOTHING;
    }
    for (int meaning = 0; meaning < RACE_MEANINGS && walked->error == R4_OK; meaning++) {
        if ((uint64_t *)walked->slot == &world[1].caps[(size_t)(CAP + meaning) * 4] && walked->ttl == meaning + 1U &&
            walked->rights == 1U << meaning && walked->chain.badge == 0x100UL << meaning) {
            return meaning;
        }
    }
    return RACE_MIXTURE;
}

int race_walk(void) {
    struct walked walked = world_resolve(0, world_cap(world_name(1), PAGE_PROXIES, SLOT));
    return oracle_of(&walked);
}

int race_use(unsigned *serial) {
    struct walked walked = world_resolve(0, world_cap(world_name(1), PAGE_PROXIES, SLOT));
    int meaning = oracle_of(&walked);
    if (meaning < 0) {
        return meaning;
    }
    *serial = (unsigned)r4_proxy_serial_get(walked.chain.once_word);
    return chain_consume(&walked.chain) ? meaning : RACE_NOTHING;
}
