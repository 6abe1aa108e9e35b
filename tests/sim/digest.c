/* SPDX-License-Identifier: MIT
 *
 * Words are mixed in the order in which the scan finds them, which depends on the state alone.
 */
#include "digest.h"
#include "cap_scan.h"
#include "memory.h"
#include "object/thread.h"
#include "pure/paging.h"

static struct cap_scan scan;
static uint64_t digest;

static void mix(const void *memory, size_t size) {
    const uint64_t *words = memory;
    for (size_t i = 0; i < size / sizeof(*words); i++) {
        digest = (digest << 7 | digest >> 57) ^ words[i];
        digest *= 0x9e3779b97f4a7c15ULL;
    }
}

static void mix_number(uint64_t number) { mix(&number, sizeof(number)); }

/* Mixes a whole table, all tables below it, and the proxy pages that they map. */
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
        } else if (paging_kind_get(entries[i]) == PAGING_KIND_PROXIES) {
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

static void peer_mix(const struct peer *peer) {
    mix_number(peer->state);
    mix_number(peer->lent_taken);
    for (uint32_t i = 0; i < LOANS; i++) {
        mix_number(peer->lent[i].state);
        mix_number(peer->lent[i].generation);
        mix_number((uintptr_t)peer->lent[i].ref);
        mix(&peer->lent[i].slot, sizeof(struct r4_slot));
        mix_number(peer->received[i].state);
        mix_number((uintptr_t)peer->received[i].root);
        mix(&peer->received[i].slot, sizeof(struct r4_slot));
    }
    for (uint32_t i = 0; i < PEER_RECEIVE_SLOTS; i++) {
        mix_number((uintptr_t)peer->receive_slots[i]);
    }
}

uint64_t digest_of(const struct instance *instance, const struct thread *caller) {
    digest = 0;
    cap_scan_take(&scan, instance);
    for (size_t i = 0; i < scan.page_count; i++) {
        mix_number(scan.pages[i]);
        mix(memory_host(scan.pages[i]), R4_PAGE_SIZE);
    }
    for (size_t i = 0; i < scan.pd_count; i++) {
        pd_mix(scan.pds[i]);
    }
    for (size_t i = 0; i < scan.thread_count; i++) {
        thread_mix(scan.threads[i], caller);
    }
    mix(&instance->cluster->asids, sizeof(instance->cluster->asids));
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        if (instance->cluster->peers[peer] != NULL) {
            peer_mix(instance->cluster->peers[peer]);
        }
    }
    return digest;
}
