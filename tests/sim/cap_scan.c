/* SPDX-License-Identifier: MIT
 *
 * The list of pages is a worklist: each page is searched for capabilities that lead to further ones.
 */
#include "cap_scan.h"
#include "memory.h"
#include "object/thread.h"
#include <string.h>

#define CAP_SCAN_ROOT_PAGES 8U

static uint32_t stamps[MEMORY_PAGES]; /* the serial of the scan that last found a page */
static uint32_t serial;

static struct { /* the root task's first cap pages: their memory never gets another use */
    phys_t pages[CAP_SCAN_ROOT_PAGES];
    uint32_t count;
} roots[SIM_CLUSTERS];

/* True once for each page. */
static bool is_new(phys_t page) {
    uint32_t *stamp = &stamps[memory_page(page)];
    bool new = *stamp != serial;
    *stamp = serial;
    return new;
}

static void page_add(struct cap_scan *scan, phys_t page) {
    if (!is_new(page)) {
        return;
    }
    if (scan->page_count == CAP_SCAN_PAGES) {
        sim_fail("host", "more than %u cap pages", CAP_SCAN_PAGES);
    }
    if (!memory_owns(scan->instance->number, page, R4_PAGE_SIZE)) {
        sim_fail("one owner", "cluster %u has a cap page at %lx, which is not its own", scan->instance->number, page);
    }
    scan->pages[scan->page_count++] = page;
}

static void slot_add(struct cap_scan *scan, const struct r4_slot *slot) {
    if (scan->slot_count == CAP_SCAN_SLOTS) {
        sim_fail("host", "more than %u slots", CAP_SCAN_SLOTS);
    }
    scan->slots[scan->slot_count++] = slot;
}

bool cap_scan_is_parked(const struct instance *instance, const struct r4_slot *slot) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const char *peer = (const char *)instance->cluster->peers[number];
        if (peer != NULL && (const char *)slot >= peer && (const char *)slot < peer + sizeof(struct peer)) {
            return true;
        }
    }
    return false;
}

static void slot_follow(struct cap_scan *scan, const struct r4_slot *slot);

/* Adds the page of a slot, if it lies in a cap page, or the slot itself, if its thread dies. */
static void slot_page_add(struct cap_scan *scan, const struct r4_slot *slot) {
    if (slot == NULL || slot_type(slot) == R4_CAP_INTERNAL || cap_scan_is_parked(scan->instance, slot)) {
        return;
    }
    phys_t page = round_down((uintptr_t)slot - scan->instance->direct, R4_PAGE_SIZE);
    if (slot_type(slot) != R4_CAP_DYING || slot_is_dying_page(slot)) {
        page_add(scan, page);
    } else if (is_new(page)) {
        slot_follow(scan, slot);
    }
}

static void object_follow(struct cap_scan *scan, const struct r4_slot *slot) {
    uintptr_t object = scan->instance->direct + slot_object(slot);
    if (scan->thread_count == CAP_SCAN_OBJECTS || scan->pd_count == CAP_SCAN_OBJECTS) {
        sim_fail("host", "more than %u threads or address spaces", CAP_SCAN_OBJECTS);
    }
    if (slot_type(slot) == R4_CAP_THREAD) {
        const struct thread *thread = (const struct thread *)object;
        scan->threads[scan->thread_count++] = thread;
        if (slot_type(&thread->pd_slot) != R4_CAP_EMPTY) {
            slot_add(scan, &thread->pd_slot);
        }
    }
    if (slot_type(slot) == R4_CAP_PD) {
        const struct pd *pd = (const struct pd *)(object + R4_PAGE_SIZE);
        if (asid_find(&scan->instance->cluster->asids, pd->window.name) != &pd->window) {
            scan->pds[scan->pd_count++] = pd;
        }
    }
}

static void slot_follow(struct cap_scan *scan, const struct r4_slot *slot) {
    uintptr_t direct = scan->instance->direct;
    bool created = (slot_flags(slot) & R4_FLAG_CREATING) == 0;
    slot_add(scan, slot);
    slot_page_add(scan, slot_next(direct, slot));
    slot_page_add(scan, slot_prev(direct, slot));
    if (slot_type(slot) == R4_CAP_CAP_PAGE && created) {
        page_add(scan, slot_object(slot));
    }
    if (created && (slot_flags(slot) & R4_FLAG_ORIGINAL) != 0) {
        object_follow(scan, slot);
    }
}

static void peers_follow(struct cap_scan *scan) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct peer *peer = scan->instance->cluster->peers[number];
        for (uint32_t i = 0; peer != NULL && i < LOANS; i++) {
            const struct r4_slot *both[] = {&peer->lent[i].slot, &peer->received[i].slot};
            for (uint32_t side = 0; side < 2; side++) {
                if (slot_type(both[side]) != R4_CAP_EMPTY) {
                    slot_follow(scan, both[side]);
                }
            }
            slot_page_add(scan, peer->lent[i].ref);
            slot_page_add(scan, peer->received[i].root);
        }
    }
}

static void window_follow(struct cap_scan *scan, const struct pd *pd) {
    uintptr_t direct = scan->instance->direct;
    for (uint64_t page = 0; page < CAP_SCAN_WINDOW_PAGES; page++) {
        const struct r4_slot *slot = window_slot(direct, &pd->window, page * R4_SLOTS_PER_PAGE + 1);
        if (slot != NULL) {
            slot_page_add(scan, slot);
        }
    }
}

void cap_scan_remember(const struct instance *instance) {
    const struct pd *pd = (const struct pd *)instance->cluster->asids.entries[1].window;
    for (uint64_t page = 0; page < CAP_SCAN_ROOT_PAGES && roots[instance->number].count == page; page++) {
        const struct r4_slot *slot = window_slot(instance->direct, &pd->window, page * R4_SLOTS_PER_PAGE + 1);
        if (slot != NULL) {
            roots[instance->number].pages[page] = round_down((uintptr_t)slot - instance->direct, R4_PAGE_SIZE);
            roots[instance->number].count++;
        }
    }
}

/* An empty slot has a version and nothing else. */
static bool is_cleared(const struct r4_slot *slot) {
    struct r4_slot cleared = *slot;
    slot_clear(&cleared);
    return memcmp(slot, &cleared, sizeof(cleared)) == 0;
}

void cap_scan_take(struct cap_scan *scan, const struct instance *instance) {
    const struct cluster *state = instance->cluster;
    scan->instance = instance;
    scan->slot_count = 0;
    scan->page_count = 0;
    scan->pd_count = 0;
    scan->thread_count = 0;
    serial++;
    for (uint32_t asid = 1; asid < ASID_COUNT; asid++) {
        const struct pd *pd = (const struct pd *)state->asids.entries[asid].window;
        if (pd != NULL) {
            scan->pds[scan->pd_count++] = pd;
            window_follow(scan, pd);
        }
    }
    for (uint32_t i = 0; i < roots[instance->number].count; i++) {
        page_add(scan, roots[instance->number].pages[i]);
    }
    peers_follow(scan);
    for (size_t i = 0; i < scan->page_count; i++) {
        const struct r4_slot *page = (const struct r4_slot *)(instance->direct + scan->pages[i]);
        if (slot_is_dying_page(page)) {
            slot_follow(scan, page);
        }
        for (uint32_t n = 1; n < R4_SLOTS_PER_PAGE; n++) {
            if (slot_type(&page[n]) != R4_CAP_EMPTY) {
                slot_follow(scan, &page[n]);
            } else if (!is_cleared(&page[n])) {
                sim_fail("slots", "cluster %u: the empty one at %lx holds more than its version", instance->number,
                         (uintptr_t)&page[n] - instance->direct);
            }
        }
    }
}
