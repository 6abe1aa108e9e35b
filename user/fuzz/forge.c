/* SPDX-License-Identifier: MIT
 *
 * Who has written a proxy tells all threads where it is, and for whom, in words that they share. These are relaxed: a
 * reader may find a mixture of two proxies, which is as good an input as any.
 */
#include "fuzz/forge.h"
#include "lib/proxy.h"
#include "lib/window.h"
#include <stdatomic.h>

#define FORGE_SLOTS    24U /* of each proxy page */
#define FORGE_RECALLED 64U
#define FORGE_TRIES    8U

struct told { /* of a proxy that was written */
    _Atomic uint64_t cap;
    _Atomic uint32_t grantee;
    _Atomic uint32_t serial;
    _Atomic uint32_t ttl;
    _Atomic uint32_t type; /* of what it leads to */
};

static struct told told[FORGE_RECALLED];
static _Atomic uint32_t told_count;

void forge_reset(void) {
    for (uint32_t i = 0; i < FORGE_RECALLED; i++) {
        atomic_store_explicit(&told[i].cap, 0, memory_order_relaxed);
    }
}

uint32_t forge_find(const struct place *place, enum r4_cap_type type) {
    uint32_t slots = 2 * R4_SLOTS_PER_PAGE;
    uint32_t first = random_below(place->random, slots);
    for (uint32_t i = 0; i < slots; i++) {
        uint32_t index = (first + i) % slots;
        enum r4_cap_type found = r4_type(index);
        bool fits = type == R4_CAP_TYPE_COUNT ? found != R4_CAP_EMPTY : found == type;
        if (fits && index % R4_SLOTS_PER_PAGE != 0) {
            return index;
        }
    }
    return UINT32_MAX;
}

/* Mostly one that the caller's domain may use. */
static const struct told *told_find(const struct place *place, uint32_t type) {
    uint32_t own = arena.names[place->domain];
    for (uint32_t try = 0; try < FORGE_TRIES; try++) {
        const struct told *one = &told[random_below(place->random, FORGE_RECALLED)];
        uint64_t cap = atomic_load_explicit(&one->cap, memory_order_relaxed);
        uint32_t grantee = atomic_load_explicit(&one->grantee, memory_order_relaxed);
        bool fits = type == R4_CAP_TYPE_COUNT || atomic_load_explicit(&one->type, memory_order_relaxed) == type;
        bool granted = r4_cap_name_get(cap) == own || grantee == own;
        if (cap != 0 && fits && (granted || random_chance(place->random, 8))) {
            return one;
        }
    }
    return NULL;
}

uint64_t forge_recall(const struct place *place, enum r4_cap_type type) {
    const struct told *one = told_find(place, type);
    return one == NULL ? 0 : atomic_load_explicit(&one->cap, memory_order_relaxed);
}

/* A proxy for something that is there: a slot of the caller's window, or a proxy that somebody has told of. */
static bool draft(const struct place *place, struct r4_proxy_content *content, uint32_t *type) {
    struct random *random = place->random;
    const struct told *one = random_chance(random, 2) ? told_find(place, R4_CAP_TYPE_COUNT) : NULL;
    uint32_t index = one == NULL ? forge_find(place, R4_CAP_TYPE_COUNT) : 0;
    if (index == UINT32_MAX) {
        return false;
    }
    *type = one == NULL ? r4_type(index) : atomic_load_explicit(&one->type, memory_order_relaxed);
    uint32_t ttl = one == NULL ? r4_ttl(index) : atomic_load_explicit(&one->ttl, memory_order_relaxed);
    *content = (struct r4_proxy_content){
        .target = one == NULL ? r4_own(index) : atomic_load_explicit(&one->cap, memory_order_relaxed),
        .version = one == NULL ? r4_version(index) : atomic_load_explicit(&one->serial, memory_order_relaxed),
        .grantee = arena.names[random_below(random, ARENA_DOMAINS)],
        .rights = random_chance(random, 4) ? (uint32_t)random_number(random) & R4_ALL_RIGHTS : R4_ALL_RIGHTS,
        .ttl = ttl == 0                   ? 0
               : random_chance(random, 6) ? random_below(random, ttl)
                                          : ttl - 1,
        .flags = random_chance(random, 6) ? R4_PROXY_ONCE : 0,
        .badge = random_chance(random, 3) ? random_number(random) : 0,
    };
    return true;
}

static void tell(const struct place *place, uint32_t index, const struct r4_proxy_content *content, uint32_t type,
                 uint32_t serial) {
    uint32_t number = atomic_fetch_add_explicit(&told_count, 1, memory_order_relaxed);
    struct told *one = &told[number % FORGE_RECALLED];
    atomic_store_explicit(&one->grantee, content->grantee, memory_order_relaxed);
    atomic_store_explicit(&one->serial, serial, memory_order_relaxed);
    atomic_store_explicit(&one->ttl, content->ttl, memory_order_relaxed);
    atomic_store_explicit(&one->type, type, memory_order_relaxed);
    atomic_store_explicit(&one->cap, r4_in(arena.names[place->domain], index), memory_order_relaxed);
}

/* Not the way proxies are written: any word, with any value, or with what a real capability holds, or with one bit
 * changed. */
static void spoil(const struct place *place, struct r4_proxy *proxy) {
    struct random *random = place->random;
    uint32_t word = random_below(random, R4_SLOT_WORDS);
    uint64_t value = r4_proxy_word(proxy, word) ^ 1ULL << random_below(random, 64);
    if (random_chance(random, 3)) {
        value = random_number(random);
    } else if (random_chance(random, 3)) {
        uint32_t index = forge_find(place, R4_CAP_TYPE_COUNT);
        value = index == UINT32_MAX ? 0 : r4_slot_word(index, word);
    }
    r4_proxy_write_raw(proxy, word, value);
}

void forge_proxy(const struct place *place) {
    struct random *random = place->random;
    struct r4_proxy_content content;
    uint32_t type;
    uint32_t page = ARENA_PROXIES + random_below(random, 2);
    uint32_t index = page * R4_SLOTS_PER_PAGE + random_below(random, FORGE_SLOTS);
    struct r4_proxy *proxy = r4_proxy(index);
    switch (random_below(random, 8)) {
    case 0:
        r4_proxy_clear(proxy);
        break;
    case 1:
        spoil(place, proxy);
        break;
    default:
        if (draft(place, &content, &type)) {
            tell(place, index, &content, type, r4_proxy_write(proxy, &content));
        }
        break;
    }
}
