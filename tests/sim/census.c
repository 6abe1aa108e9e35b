/* SPDX-License-Identifier: MIT
 *
 * Pages are a worklist: each is searched for capabilities to further ones.
 */
#include "census.h"
#include "memory.h"
#include "thread.h"

#define CENSUS_ROOT_PAGES 8U

static uint32_t stamps[MEMORY_PAGES]; /* the census that a page was last found by */
static uint32_t serial;

static struct { /* the root task's first cap pages: they are never anything else */
    phys_t pages[CENSUS_ROOT_PAGES];
    uint32_t count;
} roots[SIM_CLUSTERS];

static void page_add(struct census *census, phys_t page) {
    uint32_t *stamp = &stamps[memory_page(page)];
    if (*stamp == serial) {
        return;
    }
    if (census->page_count == CENSUS_PAGES) {
        sim_fail("host", "more than %u cap pages", CENSUS_PAGES);
    }
    if (!memory_owns(census->copy->number, page, R4_PAGE_SIZE)) {
        sim_fail("one owner", "cluster %u has a cap page at %lx, which is not its own", census->copy->number, page);
    }
    *stamp = serial;
    census->pages[census->page_count++] = page;
}

static void slot_add(struct census *census, const struct r4_slot *slot) {
    if (census->slot_count == CENSUS_SLOTS) {
        sim_fail("host", "more than %u slots", CENSUS_SLOTS);
    }
    census->slots[census->slot_count++] = slot;
}

bool census_is_sheltered(const struct copy *copy, const struct r4_slot *slot) {
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        const char *link = (const char *)copy->cluster->links[peer];
        if (link != NULL && (const char *)slot >= link && (const char *)slot < link + sizeof(struct link)) {
            return true;
        }
    }
    return false;
}

/* The page of a slot that is in one. */
static void slot_page_add(struct census *census, const struct r4_slot *slot) {
    if (slot != NULL && slot_type(slot) != R4_CAP_INTERNAL && !census_is_sheltered(census->copy, slot)) {
        page_add(census, round_down((uintptr_t)slot - census->copy->direct, R4_PAGE_SIZE));
    }
}

static void object_follow(struct census *census, const struct r4_slot *slot) {
    uintptr_t object = census->copy->direct + slot_object(slot);
    if (census->thread_count == CENSUS_OBJECTS || census->pd_count == CENSUS_OBJECTS) {
        sim_fail("host", "more than %u threads or address spaces", CENSUS_OBJECTS);
    }
    if (slot_type(slot) == R4_CAP_THREAD) {
        const struct thread *thread = (const struct thread *)object;
        census->threads[census->thread_count++] = thread;
        if (slot_type(&thread->pd_slot) != R4_CAP_EMPTY) {
            slot_add(census, &thread->pd_slot);
        }
    }
    if (slot_type(slot) == R4_CAP_PD) {
        const struct pd *pd = (const struct pd *)(object + R4_PAGE_SIZE);
        if (asid_find(&census->copy->cluster->asids, pd->window.name) != &pd->window) {
            census->pds[census->pd_count++] = pd;
        }
    }
}

static void slot_follow(struct census *census, const struct r4_slot *slot) {
    uintptr_t direct = census->copy->direct;
    bool made = (slot_flags(slot) & R4_FLAG_MAKING) == 0;
    slot_add(census, slot);
    slot_page_add(census, slot_next(direct, slot));
    slot_page_add(census, slot_prev(direct, slot));
    if (slot_type(slot) == R4_CAP_CAP_PAGE && made) {
        page_add(census, slot_object(slot));
    }
    if (made && (slot_flags(slot) & R4_FLAG_ORIGINAL) != 0) {
        object_follow(census, slot);
    }
}

static void links_follow(struct census *census) {
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        const struct link *link = census->copy->cluster->links[peer];
        for (uint32_t i = 0; link != NULL && i < LOANS; i++) {
            const struct r4_slot *both[] = {&link->lent[i].slot, &link->received[i].slot};
            for (uint32_t side = 0; side < 2; side++) {
                if (slot_type(both[side]) != R4_CAP_EMPTY) {
                    slot_follow(census, both[side]);
                }
            }
            slot_page_add(census, link->lent[i].ref);
            slot_page_add(census, link->received[i].root);
        }
    }
}

static void window_follow(struct census *census, const struct pd *pd) {
    uintptr_t direct = census->copy->direct;
    for (uint64_t page = 0; page < CENSUS_WINDOW_PAGES; page++) {
        const struct r4_slot *slot = window_slot(direct, &pd->window, page * R4_SLOTS_PER_PAGE + 1);
        if (slot != NULL) {
            slot_page_add(census, slot);
        }
    }
}

void census_remember(const struct copy *copy) {
    const struct pd *pd = (const struct pd *)copy->cluster->asids.entries[1].window;
    for (uint64_t page = 0; page < CENSUS_ROOT_PAGES && roots[copy->number].count == page; page++) {
        const struct r4_slot *slot = window_slot(copy->direct, &pd->window, page * R4_SLOTS_PER_PAGE + 1);
        if (slot != NULL) {
            roots[copy->number].pages[page] = round_down((uintptr_t)slot - copy->direct, R4_PAGE_SIZE);
            roots[copy->number].count++;
        }
    }
}

void census_take(struct census *census, const struct copy *copy) {
    const struct cluster *state = copy->cluster;
    census->copy = copy;
    census->slot_count = 0;
    census->page_count = 0;
    census->pd_count = 0;
    census->thread_count = 0;
    serial++;
    for (uint32_t asid = 1; asid < ASID_COUNT; asid++) {
        const struct pd *pd = (const struct pd *)state->asids.entries[asid].window;
        if (pd != NULL) {
            census->pds[census->pd_count++] = pd;
            window_follow(census, pd);
        }
    }
    for (uint32_t i = 0; i < roots[copy->number].count; i++) {
        page_add(census, roots[copy->number].pages[i]);
    }
    links_follow(census);
    for (const struct r4_slot *dying = state->dying; dying != NULL; dying = slot_at(copy->direct, dying->word[1])) {
        page_add(census, (uintptr_t)dying - copy->direct);
    }
    for (size_t i = 0; i < census->page_count; i++) {
        const struct r4_slot *page = (const struct r4_slot *)(copy->direct + census->pages[i]);
        for (uint32_t n = 1; n < R4_SLOTS_PER_PAGE; n++) {
            if (slot_type(&page[n]) != R4_CAP_EMPTY) {
                slot_follow(census, &page[n]);
            } else if (page[n].word[0] != r4_slot_version_put(slot_version(&page[n]))) {
                sim_fail("slots", "cluster %u: the empty one at %lx has more than its version: %lx", copy->number,
                         (uintptr_t)&page[n] - copy->direct, page[n].word[0]);
            }
        }
    }
}
