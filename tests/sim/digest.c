/* SPDX-License-Identifier: MIT
 *
 * Words are mixed in the order in which the census finds them, which follows from the state itself.
 */
#include "digest.h"
#include "census.h"
#include "core/paging.h"
#include "memory.h"
#include "thread.h"

static struct census census;
static uint64_t digest;

static void mix(const void *memory, size_t size) {
    const uint64_t *words = memory;
    for (size_t i = 0; i < size / sizeof(*words); i++) {
        digest = (digest << 7 | digest >> 57) ^ words[i];
        digest *= 0x9e3779b97f4a7c15ULL;
    }
}

static void mix_number(uint64_t number) { mix(&number, sizeof(number)); }

/* Tables are mixed whole, and the proxy pages behind them. */
static void table_mix(phys_t table, uint32_t level) {
    const uint64_t *entries = memory_host(table);
    uint32_t count = level == 4 ? PAGING_ENTRIES / 2 : PAGING_ENTRIES;
    mix(entries, count * sizeof(*entries));
    for (uint32_t i = 0; i < count; i++) {
        phys_t below = entries[i] & PAGING_ADDRESS;
        if ((entries[i] & PAGING_PRESENT) == 0 || (entries[i] & PAGING_LARGE) != 0) {
            continue;
        }
        if (level > 1) {
            table_mix(below, level - 1);
        } else if (paging_mark_get(entries[i]) == PAGING_MARK_PROXIES) {
            mix(memory_host(below), R4_PAGE_SIZE);
        }
    }
}

static void pd_mix(const struct pd *pd) {
    mix_number((uintptr_t)pd);
    mix(&pd->window.tables, sizeof(pd->window.tables));
    mix_number(pd->window.name);
    mix_number(pd->root);
    mix_number(pd->version_floor);
    table_mix(pd->root, 4);
}

static void thread_mix(const struct thread *thread, const struct thread *caller) {
    mix_number((uintptr_t)thread);
    mix_number(thread->state);
    mix_number(thread->core);
    mix_number(thread->queue.priority);
    mix_number((uintptr_t)thread->pd);
    mix(&thread->pd_slot, sizeof(thread->pd_slot));
    mix_number(thread->operation.kind);
    if (thread != caller) {
        mix(&thread->saved, sizeof(thread->saved));
    }
}

static void link_mix(const struct link *link) {
    mix_number(link->state);
    for (uint32_t i = 0; i < LOANS; i++) {
        mix_number(link->lent[i].state);
        mix_number(link->lent[i].generation);
        mix_number((uintptr_t)link->lent[i].ref);
        mix(&link->lent[i].slot, sizeof(struct r4_slot));
        mix_number(link->received[i].state);
        mix_number((uintptr_t)link->received[i].root);
        mix(&link->received[i].slot, sizeof(struct r4_slot));
    }
    for (uint32_t i = 0; i < LINK_LANDINGS; i++) {
        mix_number((uintptr_t)link->landings[i]);
    }
}

uint64_t digest_of(const struct copy *copy, const struct thread *caller) {
    digest = 0;
    census_take(&census, copy);
    for (size_t i = 0; i < census.page_count; i++) {
        mix_number(census.pages[i]);
        mix(memory_host(census.pages[i]), R4_PAGE_SIZE);
    }
    for (size_t i = 0; i < census.pd_count; i++) {
        pd_mix(census.pds[i]);
    }
    for (size_t i = 0; i < census.thread_count; i++) {
        thread_mix(census.threads[i], caller);
    }
    mix(&copy->cluster->asids, sizeof(copy->cluster->asids));
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        if (copy->cluster->links[peer] != NULL) {
            link_mix(copy->cluster->links[peer]);
        }
    }
    return digest;
}
