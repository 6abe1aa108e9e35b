/* SPDX-License-Identifier: MIT
 *
 * A good proxy leads to a capability of the same window, to another proxy there, or to a proxy in another window whose
 * grantee is this address space: so chains grow through several windows. The simulator remembers where the last proxies
 * were written, so that calls can be made through them.
 */
#include "proxies.h"
#include "memory.h"
#include "object/thread.h"
#include "oracle_resolve.h"
#include "pure/paging.h"
#include "stores.h"
#include <string.h>

#define PROXIES_SLOTS    24U /* of a page: those that programs use */
#define PROXIES_RECALLED 64U /* per cluster */
#define PROXIES_TRIES    8U
#define PROXIES_FOREIGN  4U /* one proxy in this many is tried although it serves another address space */

static struct recalled { /* a place to which a proxy was written */
    uint32_t name;
    uint32_t index;
} recalled[SIM_CLUSTERS][PROXIES_RECALLED];
static uint64_t recalled_count[SIM_CLUSTERS];

uint32_t proxies_some_name(const struct instance *instance) {
    uint32_t first = (uint32_t)sim_random(ASID_COUNT);
    for (uint32_t i = 0; i < ASID_COUNT; i++) {
        const struct window *window = instance->cluster->asids.entries[(first + i) % ASID_COUNT].window;
        if (window != NULL) {
            return window->name;
        }
    }
    return 0;
}

/* The proxy at an index of the window of `pd`; null if there is no proxy page. */
static const struct r4_proxy *proxy_at(const struct pd *pd, uint64_t index) {
    struct oracle_page page = oracle_page_of(pd, index / R4_SLOTS_PER_PAGE);
    bool good = page.kind == PAGING_KIND_PROXIES;
    return good ? memory_host(page.base + index % R4_SLOTS_PER_PAGE * R4_SLOT_SIZE) : NULL;
}

bool proxies_recall(const struct instance *instance, const struct pd *caller, uint64_t *cap) {
    uint32_t own = caller->window.name;
    for (uint32_t try = 0; try < PROXIES_TRIES && recalled_count[instance->number] != 0; try++) {
        uint64_t back = 1 + sim_random(sim_chance(2) ? 8 : PROXIES_RECALLED);
        if (back > recalled_count[instance->number]) {
            continue;
        }
        const struct recalled *place =
            &recalled[instance->number][(recalled_count[instance->number] - back) % PROXIES_RECALLED];
        const struct pd *pd = (const struct pd *)asid_find(&instance->cluster->asids, place->name);
        const struct r4_proxy *proxy = pd == NULL ? NULL : proxy_at(pd, place->index);
        bool serves = proxy != NULL && (pd == caller || r4_proxy_grantee_get(proxy->word[3]) == own);
        if (!serves && (proxy == NULL || !sim_chance(PROXIES_FOREIGN))) {
            continue;
        }
        uint32_t name = pd == caller && !sim_chance(3) ? 0 : place->name;
        *cap = r4_cap_index_put(place->index) | r4_cap_cluster_put(instance->number) | r4_cap_name_put(name);
        return true;
    }
    return false;
}

/* --- what is written --- */

/* A slot in use of the thread's own window, searched for from a random one on. */
static bool own_slot_find(const struct instance *instance, const struct pd *pd, uint64_t *index) {
    uint64_t page = sim_random(PROXIES_PAGES) * R4_SLOTS_PER_PAGE;
    uint64_t first = sim_random(R4_SLOTS_PER_PAGE);
    for (uint64_t i = 0; i < R4_SLOTS_PER_PAGE; i++) {
        *index = page + (first + i) % R4_SLOTS_PER_PAGE;
        const struct r4_slot *slot = window_slot(instance->direct, &pd->window, *index);
        if (slot != NULL && slot_type(slot) != R4_CAP_EMPTY) {
            return true;
        }
    }
    return false;
}

/* An address to which a proxy can lead: the first one found, or the one with the longest chain among several. */
static bool target_find(const struct instance *instance, const struct pd *pd, uint64_t *cap,
                        struct resolution *resolution) {
    bool longest = sim_chance(2);
    bool found = false;
    for (uint32_t try = 0; try < PROXIES_TRIES && (longest || !found); try++) {
        uint64_t index;
        uint64_t candidate;
        if (sim_chance(2) && own_slot_find(instance, pd, &index)) {
            uint32_t name = sim_chance(4) ? pd->window.name : 0;
            candidate = r4_cap_index_put(index) | r4_cap_cluster_put(instance->number) | r4_cap_name_put(name);
        } else if (!proxies_recall(instance, pd, &candidate)) {
            continue;
        }
        struct resolution other = oracle_resolve(instance, pd, candidate);
        bool good = other.refusals == 0 && other.ttl != 0 && (other.rights & R4_DEFER) != 0;
        if (good && (!found || other.hops > resolution->hops)) {
            *cap = candidate;
            *resolution = other;
            found = true;
        }
    }
    return found;
}

/* A proxy that leads to a real capability at present. */
static bool draft_good(const struct instance *instance, const struct pd *pd, uint64_t serial, struct r4_proxy *proxy) {
    struct resolution resolution;
    uint64_t cap;
    if (!target_find(instance, pd, &cap, &resolution)) {
        return false;
    }
    uint64_t rights = sim_chance(4) ? resolution.rights & sim_random(R4_ALL_RIGHTS + 1) : resolution.rights;
    uint64_t ttl = sim_chance(6) ? sim_random(resolution.ttl) : resolution.ttl - 1;
    uint64_t flags = sim_chance(6) ? R4_PROXY_ONCE : 0;
    uint32_t grantee = sim_chance(5) ? pd->window.name : proxies_some_name(instance);
    *proxy = (struct r4_proxy){{r4_proxy_kind_put(R4_CAP_PROXY) | r4_proxy_ttl_put(ttl) | r4_proxy_flags_put(flags) |
                                    r4_proxy_serial_put(serial + 1) | r4_proxy_rights_put(rights),
                                cap, sim_chance(3) ? sim_random(UINT64_MAX) : 0,
                                r4_proxy_grantee_put(grantee) | r4_proxy_version_put(resolution.version)}};
    return true;
}

/* Changes one thing: a bit, a number by one or two, a whole word, a version. */
static void mutate(struct r4_proxy *proxy) {
    uint64_t *word = &proxy->word[sim_random(4)];
    switch (sim_random(4)) {
    case 0:
        *word ^= 1ULL << sim_random(64);
        break;
    case 1:
        *word += (1ULL << (sim_chance(2) ? 0 : 32)) * (sim_random(5) - 2);
        break;
    case 2:
        *word = sim_random(UINT64_MAX) >> sim_random(64);
        break;
    default:
        proxy->word[3] = r4_proxy_version_set(proxy->word[3], r4_proxy_version_get(proxy->word[3]) - sim_random(3));
        break;
    }
}

static void randomise(struct r4_proxy *proxy) {
    for (uint32_t i = 0; i < 4; i++) {
        proxy->word[i] = sim_random(UINT64_MAX);
    }
    proxy->word[0] = sim_chance(2) ? r4_proxy_kind_set(proxy->word[0], R4_CAP_PROXY) : proxy->word[0];
}

/* The bytes of a real capability, which programs can read: an attempt to forge one. */
static bool counterfeit(const struct instance *instance, const struct pd *pd, struct r4_proxy *proxy) {
    uint64_t index;
    if (!own_slot_find(instance, pd, &index)) {
        return false;
    }
    memcpy(proxy, window_slot(instance->direct, &pd->window, index), sizeof(*proxy));
    proxy->word[0] = sim_chance(2) ? r4_proxy_kind_set(proxy->word[0], R4_CAP_PROXY) : proxy->word[0];
    return true;
}

static void draft(const struct instance *instance, const struct pd *pd, const struct r4_proxy *old,
                  struct r4_proxy *proxy) {
    uint64_t serial = r4_proxy_serial_get(old->word[0]);
    *proxy = *old;
    switch (sim_random(16)) {
    case 0:
        proxy->word[0] = r4_proxy_serial_put(serial);
        return;
    case 1:
        mutate(proxy);
        return;
    case 2:
        randomise(proxy);
        return;
    case 3:
        if (counterfeit(instance, pd, proxy)) {
            return;
        }
        break;
    default:
        if (draft_good(instance, pd, serial, proxy)) {
            if (sim_chance(12)) {
                mutate(proxy);
            }
            return;
        }
        break;
    }
    mutate(proxy);
}

/* --- how it is written --- */

/* Stores the words in the order that <r4/proxy.h> demands; sometimes the writer stops half-way. */
static void store(struct cpu *cpu, uint64_t address, const struct r4_proxy *old, const struct r4_proxy *proxy) {
    uint64_t stores = sim_chance(12) ? sim_random(5) : 5;
    uint64_t cleared = r4_proxy_serial_put(r4_proxy_serial_get(old->word[0]));
    for (uint64_t i = 0; i < stores; i++) {
        uint64_t word = i % 4;
        if (!stores_write(cpu, address + word * 8, i == 0 ? cleared : proxy->word[word])) {
            return;
        }
    }
}

static bool page_find(const struct pd *pd, uint64_t *number) {
    uint64_t first = sim_random(PROXIES_PAGES);
    for (uint64_t i = 0; i < PROXIES_PAGES; i++) {
        *number = (first + i) % PROXIES_PAGES;
        struct oracle_page page = oracle_page_of(pd, *number);
        if (page.kind == PAGING_KIND_PROXIES && page.writable) {
            return true;
        }
    }
    return false;
}

bool proxies_step(struct cpu *cpu) {
    const struct instance *instance = cpu->instance;
    const struct pd *pd = cpu_thread(cpu)->pd;
    struct r4_proxy proxy;
    uint64_t page;
    if (!page_find(pd, &page)) {
        return false;
    }
    uint64_t index = page * R4_SLOTS_PER_PAGE + sim_random(PROXIES_SLOTS);
    struct r4_proxy old = *proxy_at(pd, index);
    draft(instance, pd, &old, &proxy);
    sim_note("c%u.%u writes the proxy %lx of %x: %lx %lx %lx %lx", instance->number, cpu->index, index, pd->window.name,
             proxy.word[0], proxy.word[1], proxy.word[2], proxy.word[3]);
    sim_count(&sim_totals->proxies, 1);
    store(cpu, R4_WINDOW_BASE + index * R4_SLOT_SIZE, &old, &proxy);
    recalled[instance->number][recalled_count[instance->number]++ % PROXIES_RECALLED] =
        (struct recalled){pd->window.name, (uint32_t)index};
    return true;
}
