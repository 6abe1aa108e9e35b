/* SPDX-License-Identifier: MIT
 *
 * Building and taking apart. A cap page is filled while it is in the root task's own window.
 */
#include "fuzz/arena.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/domain.h"
#include "lib/memory.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/thread.h"
#include "lib/window.h"

#define ARENA_LOG2   25U           /* 32 MiB */
#define ARENA_STACKS 0x61000000ULL /* one page each, with a hole after it */
#define PRIORITY     100U          /* above that of the root task in a round */
#define FREE_POOL    15U           /* the AsidPool that the threads may use */

struct arena arena;

static uint32_t untyped;
static uint32_t threads; /* slots in a row */
static struct domain domains[ARENA_DOMAINS];

uint64_t arena_stack(uint32_t index) { return ARENA_STACKS + index * 2ULL * R4_PAGE_SIZE + R4_PAGE_SIZE; }

/* --- what the domains get --- */

/* Into slot `*next` of the root task's window, which then is the next one. */
static void put_copy(uint32_t *next, r4_cap_t cap, uint32_t ttl) {
    must(r4_cap_copy(cap, (*next)++, R4_ALL_RIGHTS, ttl), "copying into a domain");
}

static void put_objects(uint32_t *next, enum r4_cap_type type, uint32_t size_log2, uint32_t count) {
    uint32_t first = memory_create_from(untyped, type, size_log2, count);
    for (uint32_t i = 0; i < count; i++) {
        must(r4_cap_move(r4_own(first + i), (*next)++), "moving into a domain");
    }
}

static void put_stops(uint32_t next, struct random *random) {
    (void)random;
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        put_copy(&next, r4_own(threads + i), 0);
    }
}

/* Some of everything. Never a Debug capability: its calls end the run, or wait for something that never comes. */
static void put_all_kinds(uint32_t next, struct random *random) {
    const struct r4_root_info *info = r4_info();
    put_objects(&next, R4_CAP_UNTYPED, 12 + random_below(random, 9), 4);
    put_objects(&next, R4_CAP_UNTYPED, R4_LARGE_BITS, 1);
    put_objects(&next, R4_CAP_FRAME, R4_PAGE_BITS, 8);
    put_objects(&next, R4_CAP_PAGE_TABLE, 0, 4);
    put_objects(&next, R4_CAP_CAP_PAGE, 0, 2);
    put_objects(&next, R4_CAP_PD, 0, 2);
    put_objects(&next, R4_CAP_NOTIFICATION, 0, 3);
    for (uint32_t i = 0; i < ARENA_DOMAINS; i++) {
        put_copy(&next, r4_own(domains[i].pd), R4_TTL_MAX - 1);
    }
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        put_copy(&next, r4_own(threads + i), R4_TTL_MAX - 1 - i % 3);
    }
    put_copy(&next, r4_asid_pool(FREE_POOL), R4_TTL_MAX - 1);
    for (uint32_t peer = 0; peer < info->cluster_count; peer++) {
        if (peer != info->cluster) {
            put_copy(&next, r4_peer(peer), R4_TTL_MAX - 1);
        }
    }
}

/* A cap page for a domain. It is filled while it is the next page of the root task's window, which has its table from
 * boot. */
static void caps_put(const struct domain *domain, uint32_t window_page, void (*put)(uint32_t next, struct random *),
                     struct random *random) {
    r4_cap_t page = r4_own(memory_create_from(untyped, R4_CAP_CAP_PAGE, 0, 1));
    uint32_t own = slots_pages();
    must(r4_cap_page_map(page, r4_own(r4_info()->slot_pd), own), "mapping a cap page to fill it");
    put(own * R4_SLOTS_PER_PAGE + 1, random);
    must(r4_cap_page_unmap(page), "unmapping a cap page that is filled");
    must(r4_cap_page_map(page, r4_own(domain->pd), window_page), "mapping a cap page in a domain");
}

static void domain_build(struct domain *domain, uint32_t number) {
    *domain = domain_create(untyped, r4_asid_pool(number + 1));
    arena.names[number] = domain->name;
    domain_add_image(domain);
    domain_add_caps(domain, 1);
    domain_add_proxies(domain, ARENA_PROXIES);
    domain_add_proxies(domain, ARENA_PROXIES + 1);
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        uint32_t stack = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1);
        domain_map(domain, stack, arena_stack(i) - R4_PAGE_SIZE, R4_READ | R4_WRITE);
    }
}

void arena_build(struct random *random, void (*entry)(uint64_t argument)) {
    arena.entry = entry;
    untyped = memory_take(ARENA_LOG2);
    threads = memory_create_from(untyped, R4_CAP_THREAD, 0, ARENA_THREADS);
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        arena.threads[i] = r4_object(threads + i);
    }
    for (uint32_t i = 0; i < ARENA_DOMAINS; i++) {
        domain_build(&domains[i], i);
    }
    for (uint32_t i = 0; i < ARENA_DOMAINS; i++) {
        caps_put(&domains[i], 0, put_all_kinds, random);
        caps_put(&domains[i], ARENA_PAGES, put_stops, random);
    }
}

void arena_end(void) {
    for (uint32_t i = 0; i < ARENA_THREADS; i++) {
        arena_stop(i);
    }
    for (uint32_t i = 0; i < ARENA_DOMAINS; i++) {
        domain_end(&domains[i]);
    }
    memory_give(untyped);
    struct r4_result left = r4_cap_inspect(r4_own(untyped));
    if (r4_inspect_has_children_get(left.value) != 0 || r4_watermark(untyped) != 0) {
        fail(left.error, "something is left of the arena");
    }
}

/* --- threads --- */

void arena_start(uint32_t index, uint32_t domain, uint32_t core) {
    r4_cap_t thread = r4_own(threads + index);
    (void)r4_thread_stop(thread);
    enum r4_error error = r4_thread_configure(thread, r4_own(domains[domain].pd), arena.entry, arena_stack(index),
                                              arena_thread_put(index) | arena_domain_put(domain));
    if (error == R4_OK) {
        (void)r4_thread_schedule(thread, core, PRIORITY);
        (void)r4_thread_start(thread);
    }
}

void arena_stop(uint32_t index) { (void)r4_thread_stop(r4_own(threads + index)); }
