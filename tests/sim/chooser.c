/* SPDX-License-Identifier: MIT
 *
 * The simulated programs cheat: they ask the oracle what a proxy leads to before they try it.
 */
#include "chooser.h"
#include "oracle_resolve.h"
#include "proxies.h"
#include "pure/derivation.h"

static bool is_type(const struct r4_slot *slot, enum r4_cap_type type) { return slot_is_usable(slot, type); }

/* --- what fits --- */

bool fits_any(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return slot_type(slot) != R4_CAP_EMPTY;
}
bool fits_empty(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return slot_type(slot) == R4_CAP_EMPTY;
}
bool fits_untyped(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_UNTYPED) && slot_size_log2(slot) >= R4_PAGE_BITS &&
           slot_watermark(slot) < 1ULL << slot_size_log2(slot);
}
bool fits_handoff(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_UNTYPED) && slot_size_log2(slot) >= R4_LARGE_BITS && slot_watermark(slot) == 0 &&
           slot_ttl(slot) != 0 && !derivation_has_children(chooser->instance->direct, slot);
}
bool fits_loan(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return slot_type(slot) == R4_CAP_REMOTE_REF || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0;
}
bool fits_sole_frame(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_FRAME) && slot_mapping_get(slot).name == 0 && slot_size_log2(slot) == R4_PAGE_BITS &&
           (slot_flags(slot) & R4_FLAG_ORIGINAL) != 0 && !derivation_has_children(chooser->instance->direct, slot);
}
bool fits_unmapped_frame(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_FRAME) && slot_mapping_get(slot).name == 0;
}
bool fits_mapped_frame(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_FRAME) && slot_mapping_get(slot).name != 0;
}
bool fits_unmapped_table(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_PAGE_TABLE) && slot_mapping_get(slot).name == 0;
}
bool fits_unmapped_cap_page(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_CAP_PAGE) && slot_mapping_get(slot).name == 0;
}
bool fits_nameless_pd(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_PD) && chooser_pd(chooser, slot)->window.name == 0;
}
bool fits_pd(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_PD);
}
bool fits_peer(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_PEER);
}
bool fits_peer_to_receive_slot(const struct chooser *chooser, const struct r4_slot *slot) {
    const struct instance *instance = chooser->instance;
    if (!is_type(slot, R4_CAP_PEER) || !sim.instances[slot_peer(slot)].cluster->linked) {
        return false;
    }
    const struct peer *back = sim.instances[slot_peer(slot)].cluster->peers[instance->number];
    return instance->cluster->peers[slot_peer(slot)]->state == PEER_UP && back->receive_slots[0] != NULL;
}
bool fits_debug(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_DEBUG);
}
bool fits_copy(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    enum r4_cap_type type = slot_type(slot);
    return slot_ttl(slot) != 0 &&
           (is_type(slot, R4_CAP_FRAME) || is_type(slot, R4_CAP_PD) || type == R4_CAP_THREAD || type == R4_CAP_PEER ||
            type == R4_CAP_DEBUG || type == R4_CAP_NOTIFICATION || type == R4_CAP_ASID_POOL);
}
bool fits_mint(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_NOTIFICATION) && slot_ttl(slot) != 0 && slot_badge(slot) == 0;
}
bool fits_pool(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return is_type(slot, R4_CAP_ASID_POOL);
}

/* Most calls spare what a root task needs to live: capabilities at depth 0 that are no untypeds. */
static bool is_spared(const struct chooser *chooser, const struct r4_slot *slot) {
    return slot_depth(slot) == 0 && slot_type(slot) != R4_CAP_UNTYPED && slot_type(slot) != R4_CAP_REMOTE_REF &&
           !chooser->suicidal;
}
bool fits_victim(const struct chooser *chooser, const struct r4_slot *slot) {
    return slot_type(slot) != R4_CAP_EMPTY && !is_spared(chooser, slot);
}
bool fits_mapped_table(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_PAGE_TABLE) && slot_mapping_get(slot).name != 0 && !is_spared(chooser, slot);
}
bool fits_mapped_cap_page(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_CAP_PAGE) && slot_mapping_get(slot).name != 0 && !is_spared(chooser, slot);
}
bool fits_thread(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_type(slot, R4_CAP_THREAD) && !is_spared(chooser, slot);
}
bool fits_stopped_thread(const struct chooser *chooser, const struct r4_slot *slot) {
    return fits_thread(chooser, slot) && chooser_thread(chooser, slot)->state == THREAD_STOPPED;
}
bool fits_revoke(const struct chooser *chooser, const struct r4_slot *slot) {
    bool worth = slot_type(slot) == R4_CAP_REMOTE_REF || derivation_has_children(chooser->instance->direct, slot);
    return worth && !is_spared(chooser, slot) && (slot_depth(slot) != 0 || sim_chance(4));
}
bool fits_delete(const struct chooser *chooser, const struct r4_slot *slot) {
    return fits_victim(chooser, slot) && (slot_type(slot) != R4_CAP_UNTYPED || slot_depth(slot) != 0 || sim_chance(16));
}

/* --- where it is --- */

const struct r4_slot *chooser_slot(const struct chooser *chooser, uint64_t index) {
    const struct pd *pd = chooser->caller->pd;
    return index > r4_cap_index_max() ? NULL : window_slot(chooser->instance->direct, &pd->window, index);
}

/* True if one was found. */
static bool own_find(const struct chooser *chooser, fits_t *fits, uint64_t *found) {
    uint64_t first_page = sim_random(CHOOSER_PAGES);
    for (uint64_t i = 0; i < CHOOSER_PAGES; i++) {
        uint64_t page = (first_page + i) % CHOOSER_PAGES * R4_SLOTS_PER_PAGE;
        uint64_t first = sim_random(R4_SLOTS_PER_PAGE);
        if (chooser_slot(chooser, page + 1) == NULL) {
            continue;
        }
        for (uint64_t n = 0; n < R4_SLOTS_PER_PAGE; n++) {
            uint64_t index = page + (first + n) % R4_SLOTS_PER_PAGE;
            const struct r4_slot *slot = chooser_slot(chooser, index);
            if (slot != NULL && fits(chooser, slot)) {
                *found = index;
                return true;
            }
        }
    }
    return false;
}

uint64_t chooser_find(struct chooser *chooser, fits_t *fits) {
    bool wild = sim_chance(CHOOSER_WILD);
    uint64_t index;
    if (!wild && own_find(chooser, fits, &index)) {
        return index;
    }
    chooser->failed = chooser->failed || !wild;
    uint64_t spared =
        chooser->suicidal ? 0 : R4_SLOTS_PER_PAGE; /* the first page is full of what the root task lives on */
    return spared + sim_random(CHOOSER_PAGES * R4_SLOTS_PER_PAGE - spared);
}

/* True if some proxy leads to what fits: the first that is found, or the end of the longest chain among some. */
static bool through_find(const struct chooser *chooser, fits_t *fits, uint64_t *cap, const struct r4_slot **slot) {
    const struct pd *pd = chooser->caller->pd;
    bool longest = sim_chance(3);
    uint64_t hops = 0;
    uint64_t candidate;
    for (uint32_t try = 0; try < CHOOSER_TRIES && (longest || hops == 0); try++) {
        if (!proxies_recall(chooser->instance, pd, &candidate)) {
            return false;
        }
        struct resolution resolution = oracle_resolve(chooser->instance, pd, candidate);
        if (resolution.refusals == 0 && resolution.hops > hops && fits(chooser, resolution.slot)) {
            hops = resolution.hops;
            *cap = candidate;
            *slot = resolution.slot;
        }
    }
    return hops != 0;
}

static uint64_t own_cap(struct chooser *chooser, fits_t *fits, const struct r4_slot **slot) {
    uint64_t index = chooser_find(chooser, fits);
    uint64_t name = sim_chance(30) ? chooser->caller->pd->window.name : 0;
    *slot = chooser_slot(chooser, index);
    return r4_cap_index_put(index) | r4_cap_cluster_put(chooser->instance->number) | r4_cap_name_put(name);
}

uint64_t chooser_cap(struct chooser *chooser, fits_t *fits, const struct r4_slot **slot) {
    uint64_t cap;
    bool poor = chooser_slot(chooser, 1) == NULL || slot_type(chooser_slot(chooser, 1)) == R4_CAP_EMPTY;
    if ((poor || sim_chance(3)) && through_find(chooser, fits, &cap, slot)) {
        return cap;
    }
    if (sim_chance(60) && proxies_recall(chooser->instance, chooser->caller->pd, &cap)) {
        *slot = NULL;
        return cap;
    }
    return own_cap(chooser, fits, slot);
}

static void invoke_cap(struct chooser *chooser, enum r4_operation operation, uint64_t cap) {
    chooser->call.operation = operation;
    chooser->call.cap = sim_chance(200) ? cap ^ 1ULL << sim_random(64) : cap;
}

void chooser_invoke(struct chooser *chooser, enum r4_operation operation, fits_t *fits) {
    invoke_cap(chooser, operation, chooser_cap(chooser, fits, &chooser->slot));
}

void chooser_invoke_itself(struct chooser *chooser, enum r4_operation operation, fits_t *fits) {
    if (sim_chance(12)) {
        chooser_invoke(chooser, operation, fits);
    } else {
        invoke_cap(chooser, operation, own_cap(chooser, fits, &chooser->slot));
    }
}

void chooser_invoke_through(struct chooser *chooser, enum r4_operation operation, fits_t *fits) {
    uint64_t cap;
    if (!through_find(chooser, fits, &cap, &chooser->slot)) {
        chooser->failed = true;
        cap = own_cap(chooser, fits, &chooser->slot);
    }
    invoke_cap(chooser, operation, cap);
}

const struct pd *chooser_pd(const struct chooser *chooser, const struct r4_slot *slot) {
    bool good = slot != NULL && is_type(slot, R4_CAP_PD);
    return good ? (const struct pd *)(chooser->instance->direct + slot_object(slot) + R4_PAGE_SIZE) : NULL;
}

const struct thread *chooser_thread(const struct chooser *chooser, const struct r4_slot *slot) {
    bool good = slot != NULL && is_type(slot, R4_CAP_THREAD);
    return good ? (const struct thread *)(chooser->instance->direct + slot_object(slot)) : NULL;
}
