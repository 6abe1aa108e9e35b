/* SPDX-License-Identifier: MIT
 *
 * Cluster, asid and generation together name a window, and are never used for another one. The pages of all windows are
 * in one hash table; a page for which there is no room is not watched.
 */
#include "versions.h"
#include "memory.h"

#define VERSIONS_PAGES 4096U /* a power of two */
#define VERSIONS_TRIES 8U

struct window_page {
    uint64_t name;                        /* 0: free */
    uint32_t versions[R4_SLOTS_PER_PAGE]; /* highest that was seen in use */
    uint64_t contents[R4_SLOTS_PER_PAGE]; /* what the slot held then */
};

static struct window_page pages[VERSIONS_PAGES];

static struct window_page *page_find(uint64_t name) {
    uint64_t first = name * 0x9e3779b97f4a7c15ULL >> 40;
    for (uint64_t i = 0; i < VERSIONS_TRIES; i++) {
        struct window_page *page = &pages[(first + i) % VERSIONS_PAGES];
        if (page->name == name || page->name == 0) {
            page->name = name;
            return page;
        }
    }
    return NULL;
}

/* What stays the same as long as a slot holds the same capability. An untyped that is lent and comes back is the same.
 */
static uint64_t content_of(const struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot) == R4_CAP_REMOTE_REF ? R4_CAP_UNTYPED : slot_type(slot);
    return slot_object(slot) << 8 | type;
}

static void slot_check(const struct cap_scan *scan, struct window_page *page, const struct r4_slot *slot, uint32_t i) {
    uint64_t version = slot_version(slot);
    uint64_t content = content_of(slot);
    if (version < page->versions[i] || (version == page->versions[i] && content != page->contents[i])) {
        sim_fail("versions do not come back", "cluster %u: slot %u of window page %lx has version %lu again, at %lx",
                 scan->instance->number, i, page->name, version, (uintptr_t)slot - scan->instance->direct);
    }
    page->versions[i] = (uint32_t)version;
    page->contents[i] = content;
}

static void window_check(const struct cap_scan *scan, const struct pd *pd) {
    for (uint64_t number = 0; number < CAP_SCAN_WINDOW_PAGES; number++) {
        const struct r4_slot *first = window_slot(scan->instance->direct, &pd->window, number * R4_SLOTS_PER_PAGE + 1);
        uint64_t name = number + 1 + ((uint64_t)pd->window.name << 20) + ((uint64_t)scan->instance->number << 56);
        struct window_page *page = first == NULL ? NULL : page_find(name);
        for (uint32_t i = 1; page != NULL && i < R4_SLOTS_PER_PAGE; i++) {
            if (slot_type(&first[i - 1]) != R4_CAP_EMPTY) {
                slot_check(scan, page, &first[i - 1], i);
            }
        }
    }
}

void versions_check(const struct cap_scan *scan) {
    for (size_t i = 0; i < scan->pd_count; i++) {
        window_check(scan, scan->pds[i]);
    }
}
