/* SPDX-License-Identifier: MIT
 *
 * The parts: derivation (lists, depths, parents), objects (in the cluster's own memory, without overlap), mappings
 * (leaves and tables compared with the capabilities that name them), loans on both sides. Versions are in versions.c.
 */
#include "audit.h"
#include "cap_scan.h"
#include "cpu.h"
#include "mapping_audit.h"
#include "memory.h"
#include "names.h"
#include "pure/derivation.h"
#include "stand_audit.h"
#include "versions.h"
#include <stdlib.h>
#include <string.h>

#define AUDIT_ROOTS 1024U /* of one cluster */

static struct cap_scan scan;
static struct operation revokes[SIM_CLUSTERS][AUDIT_ROOTS];

static phys_t place_of(const struct r4_slot *slot) { return (uintptr_t)slot - scan.instance->direct; }

static bool has_memory(const struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot);
    return type == R4_CAP_UNTYPED || type == R4_CAP_FRAME || type == R4_CAP_CAP_PAGE || type == R4_CAP_PAGE_TABLE ||
           type == R4_CAP_PD || type == R4_CAP_THREAD;
}

/* --- derivation --- */

/* True for a RemoteRef that is parked in its loan record: its parent may be gone. */
static bool is_parked_ref(const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_REMOTE_REF && cap_scan_is_parked(scan.instance, slot);
}

/* The object of a slot; of a dying one, the object that the slot is in. */
static phys_t object_of(const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_DYING ? round_down(place_of(slot), R4_PAGE_SIZE) : slot_object(slot);
}
static uint64_t object_size(const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_DYING ? R4_PAGE_SIZE : 1ULL << slot_size_log2(slot);
}

/* A child's object lies in its parent's. */
static void parent_check(const struct r4_slot *parent, const struct r4_slot *slot) {
    if (is_parked_ref(slot)) {
        return;
    }
    if (parent == NULL || slot_depth(parent) + 1 != slot_depth(slot)) {
        sim_fail("no cap outlives its parent", "cluster %u: the cap of type %u at %lx, depth %lu, has no parent",
                 scan.instance->number, slot_type(slot), place_of(slot), slot_depth(slot));
    }
    if (slot_type(parent) != R4_CAP_UNTYPED) {
        return;
    }
    uint64_t offset = object_of(slot) - slot_object(parent);
    if (offset >= slot_watermark(parent) || offset + object_size(slot) > slot_watermark(parent)) {
        sim_fail("children lie in their parent",
                 "cluster %u: the object %lx of type %u is above the watermark %lx of %lx", scan.instance->number,
                 object_of(slot), slot_type(slot), slot_watermark(parent), slot_object(parent));
    }
}

static void tree_check(const struct r4_slot *first) {
    const struct r4_slot *parents[R4_DEPTH_MAX + 2] = {NULL};
    const char *broken = derivation_check(scan.instance->direct, first);
    if (broken != NULL) {
        sim_fail("derivation", "cluster %u: in the list from %lx: %s", scan.instance->number, place_of(first), broken);
    }
    for (const struct r4_slot *slot = first; slot != NULL; slot = slot_next(scan.instance->direct, slot)) {
        uint64_t depth = slot_depth(slot);
        if (depth != 0) {
            parent_check(parents[depth - 1], slot);
        }
        if (!is_parked_ref(slot)) {
            parents[depth] = slot;
            memset(&parents[depth + 1], 0, (R4_DEPTH_MAX - depth) * sizeof(parents[0]));
        }
    }
}

/* --- slots --- */

/* Parts of a used untyped may be lent: the capabilities derived from it are checked one by one instead. */
static bool is_used_untyped(const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_UNTYPED && derivation_has_children(scan.instance->direct, slot);
}

static void slot_check(const struct r4_slot *slot) {
    uint32_t number = scan.instance->number;
    if (has_memory(slot) && !is_used_untyped(slot) &&
        !memory_owns(number, slot_object(slot), 1ULL << slot_size_log2(slot))) {
        sim_fail("one owner", "cluster %u: the cap of type %u at %lx names %lx, which the cluster does not have",
                 number, slot_type(slot), place_of(slot), slot_object(slot));
    }
    if (scan.instance->cluster->operations == NULL && (slot_flags(slot) & SLOT_BUSY) != 0 && !is_parked_ref(slot)) {
        sim_fail("busy only while needed", "cluster %u: the cap of type %u at %lx has flags %lx and no operation runs",
                 number, slot_type(slot), place_of(slot), slot_flags(slot));
    }
    if (scan.instance->cluster->operations == NULL && slot_type(slot) == R4_CAP_DYING) {
        sim_fail("what dies is emptied", "cluster %u: the object at %lx, and no operation runs", number,
                 object_of(slot));
    }
    stand_audit_check(scan.instance, slot);
    if (slot_type(slot) >= R4_CAP_TYPE_COUNT || slot_type(slot) == R4_CAP_HEADER) {
        sim_fail("slots", "cluster %u: type %u at %lx", number, slot_type(slot), place_of(slot));
    }
    if (slot_prev(scan.instance->direct, slot) == NULL) {
        tree_check(slot);
    }
}

/* --- objects --- */

struct extent {
    phys_t base;
    phys_t end;
};

static int extent_compare(const void *left, const void *right) {
    const struct extent *a = left;
    const struct extent *b = right;
    return a->base < b->base ? -1 : a->base > b->base;
}

/* No two objects share a byte, but for untypeds, which contain others. */
static void objects_check(void) {
    static struct extent extents[CAP_SCAN_SLOTS];
    size_t count = 0;
    for (size_t i = 0; i < scan.slot_count; i++) {
        const struct r4_slot *slot = scan.slots[i];
        bool original = (slot_flags(slot) & R4_FLAG_ORIGINAL) != 0 && slot_type(slot) != R4_CAP_UNTYPED;
        if ((has_memory(slot) && original) || slot_type(slot) == R4_CAP_DYING) {
            extents[count++] = (struct extent){object_of(slot), object_of(slot) + object_size(slot)};
        }
    }
    qsort(extents, count, sizeof(extents[0]), extent_compare);
    for (size_t i = 1; i < count; i++) {
        if (extents[i].base < extents[i - 1].end) {
            sim_fail("objects do not overlap", "cluster %u: at %lx", scan.instance->number, extents[i].base);
        }
    }
}

/* --- mappings --- */

struct mapping {
    phys_t root;
    uint64_t address;
    phys_t object;
    uint32_t level; /* of the entry */
};

static struct mapping mappings[CAP_SCAN_SLOTS];
static size_t mapping_count;

static int mapping_compare(const void *left, const void *right) {
    const struct mapping *a = left;
    const struct mapping *b = right;
    if (a->root != b->root) {
        return a->root < b->root ? -1 : 1;
    }
    if (a->level != b->level) {
        return a->level < b->level ? -1 : 1;
    }
    return a->address < b->address ? -1 : a->address > b->address;
}

static const struct pd *pd_named(const struct slot_mapping *mapping) {
    return (const struct pd *)asid_find(&scan.instance->cluster->asids, mapping->name);
}

static void mapping_add(const struct pd *pd, const struct r4_slot *slot, uint64_t address, uint32_t level) {
    mappings[mapping_count++] = (struct mapping){pd->root, address, slot_object(slot), level};
}

/* Collects the entries that there should be according to the capabilities. A page table's level is found by looking for
 * the entry that names it. */
static void mappings_collect(void) {
    mapping_count = 0;
    for (size_t i = 0; i < scan.slot_count; i++) {
        const struct r4_slot *slot = scan.slots[i];
        enum r4_cap_type type = slot_type(slot);
        if (type != R4_CAP_FRAME && type != R4_CAP_CAP_PAGE && type != R4_CAP_PAGE_TABLE) {
            continue;
        }
        struct slot_mapping mapping = slot_mapping_get(slot);
        const struct pd *pd = pd_named(&mapping);
        if (pd == NULL) {
            continue;
        }
        for (uint32_t level = type == R4_CAP_PAGE_TABLE ? 2 : 1; level <= 4; level++) {
            const uint64_t *entry = paging_entry(scan.instance->direct, pd->root, mapping.address, level);
            if (entry != NULL && (*entry & PAGING_PRESENT) != 0 && (*entry & PAGING_ADDRESS) == slot_object(slot)) {
                mapping_add(pd, slot, round_down(mapping.address, paging_reach(level)), level);
                break;
            }
        }
    }
    qsort(mappings, mapping_count, sizeof(mappings[0]), mapping_compare);
}

/* Every present entry belongs to a capability. */
static void entries_check(const struct pd *pd, phys_t table, uint64_t base, uint32_t level) {
    const uint64_t *entries = (const uint64_t *)(scan.instance->direct + table);
    for (uint32_t i = 0; i < (level == 4 ? PAGING_ENTRIES / 2 : PAGING_ENTRIES); i++) {
        struct mapping key = {pd->root, base + i * paging_reach(level), entries[i] & PAGING_ADDRESS, level};
        if ((entries[i] & PAGING_PRESENT) == 0) {
            continue;
        }
        const struct mapping *named = bsearch(&key, mappings, mapping_count, sizeof(mappings[0]), mapping_compare);
        if (named == NULL || named->object != key.object ||
            !memory_owns(scan.instance->number, key.object, R4_PAGE_SIZE)) {
            sim_fail("every mapping has its cap", "cluster %u: space %lx has %lx at %lx, level %u",
                     scan.instance->number, pd->root, entries[i], key.address, level);
        }
        if (level > 1 && (entries[i] & PAGING_LARGE) == 0) {
            entries_check(pd, key.object, key.address, level - 1);
        }
    }
}

static void mappings_check(void) {
    mappings_collect();
    for (size_t i = 0; i < scan.pd_count; i++) {
        entries_check(scan.pds[i], scan.pds[i]->root, 0, 4);
    }
}

/* --- loans --- */

static bool loan_agrees(const struct loan_out *lent, const struct loan_in *received) {
    return lent->generation == received->generation && lent->range.base == received->range.base &&
           lent->range.size_log2 == received->range.size_log2;
}

/* What is lent has a RemoteRef. One whose cap page has died, and which is in its record, has been asked for: nobody
 * else would. Unless the borrower is dead, or could not give it back when it was asked. */
static void lent_check(const struct instance *lender, const struct peer *peer, const struct loan_out *lent) {
    uint32_t index = lent->post.loan;
    sim_count(&sim_totals->parked_refs, lent->state != LOAN_OUT_FREE && lent->ref == &lent->slot);
    if (lent->state != LOAN_OUT_FREE && (lent->ref == NULL || slot_type(lent->ref) != R4_CAP_REMOTE_REF)) {
        sim_fail("loans agree", "loan %u of cluster %u to %u has no RemoteRef", index, lender->number, peer->number);
    }
    bool asked = lent->state == LOAN_OUT_REVOKING || (lent->state == LOAN_OUT_OFFERED && lent->revoke_wanted);
    if (lent->state != LOAN_OUT_FREE && lent->ref == &lent->slot && !asked && lent->failure == R4_OK &&
        peer->state != PEER_DEAD) {
        sim_fail("parked memory is asked for", "loan %u of cluster %u to %u, in state %u", index, lender->number,
                 peer->number, lent->state);
    }
}

/* Memory that has been received is, in the lender's record, offered, lent or being revoked; its TTL is lower. */
static void loans_check(const struct instance *lender, const struct instance *borrower) {
    const struct peer *out = lender->cluster->peers[borrower->number];
    const struct peer *in = borrower->cluster->peers[lender->number];
    for (uint32_t i = 0; out != NULL && in != NULL && i < LOANS; i++) {
        const struct loan_out *lent = &out->lent[i];
        const struct loan_in *received = &in->received[i];
        bool present = received->state != LOAN_IN_FREE;
        if (present && (lent->state == LOAN_OUT_FREE || !loan_agrees(lent, received))) {
            sim_fail("loans agree", "loan %u of cluster %u was received by %u, and its lender does not know", i,
                     lender->number, borrower->number);
        }
        if (present && !memory_owns(borrower->number, received->range.base, 1ULL << received->range.size_log2) &&
            received->state == LOAN_IN_RECEIVED && slot_type(received->root) != R4_CAP_UNTYPED &&
            slot_type(received->root) != R4_CAP_REMOTE_REF) {
            sim_fail("loans agree", "loan %u of cluster %u: its root at %u is of type %u", i, lender->number,
                     borrower->number, slot_type(received->root));
        }
        lent_check(lender, out, lent);
        sim_count(&sim_totals->lent_on, present && slot_type(received->root) == R4_CAP_REMOTE_REF);
        sim_count(&sim_totals->parked_roots, present && received->root == &received->slot);
        if (present && slot_ttl(received->root) >= slot_ttl(lent->ref)) {
            sim_fail("TTLs fall", "loan %u of cluster %u to %u: from %lu to %lu", i, lender->number, borrower->number,
                     slot_ttl(lent->ref), slot_ttl(received->root));
        }
    }
}

/* Entries in the map of loans, each inside those above it, and those of the same range around each. */
static uint32_t map_count(const struct loan_range *at) {
    uint32_t count = 0;
    for (const struct loan_range *same = at; same != NULL; same = same->outer) {
        if (same->base != at->base || same->size_log2 != at->size_log2) {
            sim_fail("map of loans", "cluster %u: %lx is around %lx", scan.instance->number, same->base, at->base);
        }
        count++;
    }
    for (uint32_t i = 0; at != NULL && i < 2; i++) {
        count += map_count(at->branch[i]);
    }
    return count;
}

/* The innermost loan around another one, or null. */
static const struct loan_range *map_around(const struct loan_range *range) {
    uint32_t log2 = range->size_log2 + 1;
    return range->outer != NULL || log2 > scan.instance->cluster->loans.bits
               ? range->outer
               : loan_map_find(&scan.instance->cluster->loans, round_down(range->base, 1ULL << log2), log2).around;
}

/* The TTL with which this memory is the borrower's: this cluster's, or another's. */
static uint64_t ttl_of(const struct loan_range *range) {
    struct loan_range *same = (struct loan_range *)(uintptr_t)range;
    return range->received ? slot_ttl(loan_received(same)->root) : loan_lent(same)->ttl;
}

/* What is inside a lent range has been received, and what is inside a received one is lent, each time with a lower
 * TTL. */
static void nesting_check(const struct loan_range *range) {
    const struct loan_range *around = map_around(range);
    if (around == NULL) {
        return;
    }
    if (around->received == range->received || ttl_of(range) >= ttl_of(around)) {
        sim_fail("loans are nested", "cluster %u: %lx, received %d, TTL %lu, in %lx, received %d, TTL %lu",
                 scan.instance->number, range->base, range->received, ttl_of(range), around->base, around->received,
                 ttl_of(around));
    }
    sim_count(&sim_totals->handed_back, range->received);
}

static bool map_has(const struct loan_range *range, bool received) {
    struct loan_place place = loan_map_find(&scan.instance->cluster->loans, range->base, range->size_log2);
    while (place.around != NULL && place.around != range) {
        place.around = place.around->outer;
    }
    if (place.around != range || range->received != received) {
        return false;
    }
    nesting_check(range);
    return true;
}

/* The map has every record that is not free, and nothing else. */
static void map_check(void) {
    uint32_t count = 0;
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct peer *peer = scan.instance->cluster->peers[number];
        for (uint32_t i = 0; peer != NULL && i < LOANS; i++) {
            bool lent = peer->lent[i].state != LOAN_OUT_FREE;
            bool received = peer->received[i].state != LOAN_IN_FREE;
            count += (uint32_t)lent + (uint32_t)received;
            if ((lent && !map_has(&peer->lent[i].range, false)) ||
                (received && !map_has(&peer->received[i].range, true))) {
                sim_fail("map of loans", "cluster %u does not find loan %u, lent to or received from %u",
                         scan.instance->number, i, number);
            }
        }
    }
    if (map_count(scan.instance->cluster->loans.top) != count) {
        sim_fail("map of loans", "cluster %u finds more than its %u loans", scan.instance->number, count);
    }
}

static void instance_audit(const struct instance *instance) {
    cap_scan_take(&scan, instance);
    sim_count(&sim_totals->capabilities, scan.slot_count);
    for (size_t i = 0; i < scan.slot_count; i++) {
        slot_check(scan.slots[i]);
    }
    objects_check();
    mappings_check();
    mapping_audit_check(&scan);
    names_check(&scan);
    versions_check(&scan);
    map_check();
}

void audit_all(void) {
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        if (!instance_is_calm(&sim.instances[i]) || sim.instances[i].dead) {
            continue;
        }
        instance_audit(&sim.instances[i]);
        for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
            if (instance_is_calm(&sim.instances[peer]) && !sim.instances[peer].dead) {
                loans_check(&sim.instances[i], &sim.instances[peer]);
            }
        }
    }
}

/* --- the end --- */

void audit_revoke_roots(void) {
    sim.steady = true;
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        struct instance *instance = &sim.instances[number];
        uint32_t count = 0;
        if (instance->dead) {
            continue;
        }
        cap_scan_take(&scan, instance);
        sim.running = &instance->cpus[0];
        instance->cluster->lock.holder = &cpu_core(sim.running)->lock_node; /* no core is in the kernel */
        for (size_t i = 0; i < scan.slot_count; i++) {
            const struct r4_slot *slot = scan.slots[i];
            bool named = slot_type(slot) != R4_CAP_INTERNAL && slot_type(slot) != R4_CAP_DYING;
            if (slot_depth(slot) == 0 && named && count < AUDIT_ROOTS) {
                struct operation *revoke = &revokes[number][count++];
                instance->operation_start_orphan(revoke, OPERATION_REVOKE, (struct r4_slot *)(uintptr_t)slot, 0);
                instance->revoke_begin(revoke);
            }
        }
        instance->cluster->lock.holder = NULL;
        sim.running = NULL;
        cpu_post(instance->cpus[0].apic_id, MACHINE_RESCHEDULE);
    }
    sim.steady = false;
}

/* True if a dead cluster holds the memory, or if a live one has lent it on to that: it does not come back. */
static bool is_held(const struct r4_slot *ref) {
    uint64_t peer = slot_loan_peer(ref);
    const struct instance *borrower = &sim.instances[peer];
    if (borrower->dead) {
        return true;
    }
    const struct r4_slot *root = borrower->cluster->peers[scan.instance->number]->received[slot_loan_index(ref)].root;
    return sim.doom != 0 && root != NULL &&
           (slot_type(root) == R4_CAP_REMOTE_REF || derivation_has_children(borrower->direct, root));
}

/* True for a RemoteRef of such a loan, and for its ancestors. */
static bool is_kept(const struct r4_slot *slot) {
    const struct r4_slot *at = slot;
    do {
        if (slot_type(at) == R4_CAP_REMOTE_REF && is_held(at)) {
            return true;
        }
        at = slot_next(scan.instance->direct, at);
    } while (at != NULL && slot_depth(at) > slot_depth(slot));
    return false;
}

/* True for the root of a loan whose lender may be dead: nobody revokes it. */
static bool is_orphaned(const struct r4_slot *slot) {
    return sim.doom != 0 && (slot_flags(slot) & R4_FLAG_RECEIVED) != 0;
}

static void slot_end(const struct r4_slot *slot) {
    uint32_t number = scan.instance->number;
    bool root =
        slot_depth(slot) == 0 && slot_type(slot) != R4_CAP_REMOTE_REF && (slot_flags(slot) & R4_FLAG_RECEIVED) == 0;
    if (is_kept(slot)) {
        return;
    }
    if (!root && !is_orphaned(slot)) {
        sim_fail("revoke takes all", "cluster %u: the cap of type %u at %lx, depth %lu, is still there", number,
                 slot_type(slot), place_of(slot), slot_depth(slot));
    }
    if (slot_type(slot) == R4_CAP_UNTYPED && slot_watermark(slot) != 0) {
        sim_fail("revoke takes all", "cluster %u: the untyped %lx has its watermark at %lx", number, slot_object(slot),
                 slot_watermark(slot));
    }
}

static void peers_end(const struct instance *instance) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct peer *peer = instance->cluster->peers[number];
        for (uint32_t i = 0; peer != NULL && sim.doom == 0 && i < LOANS; i++) {
            if (peer->lent[i].state != LOAN_OUT_FREE || peer->received[i].state != LOAN_IN_FREE) {
                sim_fail("all memory comes back", "cluster %u, peer %u: loan %u is not free", instance->number, number,
                         i);
            }
        }
    }
}

void audit_end(void) {
    phys_t lost;
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct instance *instance = &sim.instances[number];
        if (instance->dead) {
            continue;
        }
        cap_scan_take(&scan, instance);
        for (size_t i = 0; i < scan.slot_count; i++) {
            slot_end(scan.slots[i]);
        }
        peers_end(instance);
    }
    if (sim.doom == 0 && !memory_is_home(&lost)) {
        sim_fail("all memory comes back", "%lx is not in its own cluster's direct map", lost);
    }
}
