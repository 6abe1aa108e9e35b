/* SPDX-License-Identifier: MIT
 *
 * All leaves of a cluster's address spaces, sorted by what they map.
 */
#include "mapping_audit.h"
#include "memory.h"
#include "pure/paging.h"
#include <stdlib.h>
#include <string.h>

#define MAPPING_AUDIT_LEAVES 65536U

struct leaf {
    phys_t base;
    uint64_t size;
    uint64_t entry;
    uint64_t address; /* virtual */
    const struct pd *pd;
};

static struct leaf leaves[MAPPING_AUDIT_LEAVES];
static size_t leaf_count;

static int leaf_compare(const void *left, const void *right) {
    const struct leaf *a = left;
    const struct leaf *b = right;
    return a->base < b->base ? -1 : a->base > b->base;
}

static void collect(const struct pd *pd, phys_t table, uint64_t base, uint32_t level) {
    const uint64_t *entries = memory_host(table);
    for (uint32_t i = 0; i < (level == 4 ? PAGING_ENTRIES / 2 : PAGING_ENTRIES); i++) {
        uint64_t address = base + i * paging_reach(level);
        if ((entries[i] & PAGING_PRESENT) == 0) {
            continue;
        }
        bool is_leaf = level == 1 || (entries[i] & PAGING_LARGE) != 0;
        if (is_leaf && leaf_count < MAPPING_AUDIT_LEAVES) {
            leaves[leaf_count++] =
                (struct leaf){entries[i] & PAGING_ADDRESS, paging_reach(level), entries[i], address, pd};
        } else if (!is_leaf) {
            if (paging_kind_get(entries[i]) != PAGING_KIND_NONE) {
                sim_fail("page kinds", "the entry %lx of a table has one", entries[i]);
            }
            collect(pd, entries[i] & PAGING_ADDRESS, address, level - 1);
        }
    }
}

static _Noreturn void fail(const struct cap_scan *scan, const struct leaf *leaf, const char *what) {
    sim_fail("page kinds", "cluster %u: %lx at %lx of space %x: %s", scan->instance->number, leaf->entry, leaf->address,
             leaf->pd->window.name, what);
}

/* How many capabilities of that type name an object that contains the page. */
static uint32_t caps_count(const struct cap_scan *scan, const struct leaf *leaf, enum r4_cap_type type) {
    uint32_t count = 0;
    for (size_t i = 0; i < scan->slot_count; i++) {
        const struct r4_slot *slot = scan->slots[i];
        if (slot_type(slot) == type && leaf->base - slot_object(slot) < 1ULL << slot_size_log2(slot)) {
            count++;
        }
    }
    return count;
}

static void leaf_check(const struct cap_scan *scan, const struct leaf *leaf) {
    uint64_t kind = paging_kind_get(leaf->entry);
    bool in_window = leaf->address - R4_WINDOW_BASE < R4_WINDOW_SIZE;
    uint64_t write = leaf->entry & PAGING_WRITE;
    if (kind == PAGING_KIND_NONE) {
        return;
    }
    if (!in_window || leaf->size != R4_PAGE_SIZE || kind > PAGING_KIND_PROXIES) {
        fail(scan, leaf, "a page kind outside of the window, or an unknown one");
    }
    if ((leaf->entry & PAGING_NX) == 0 || (kind == PAGING_KIND_CAPS && write != 0)) {
        fail(scan, leaf, "a cap page or proxy page is executable, or a cap page writable");
    }
    uint32_t frames = caps_count(scan, leaf, R4_CAP_FRAME);
    if (kind == PAGING_KIND_PROXIES && frames != 1) {
        fail(scan, leaf, "the frame of a proxy page has not exactly one capability");
    }
    if (kind == PAGING_KIND_CAPS && (frames != 0 || caps_count(scan, leaf, R4_CAP_CAP_PAGE) != 1)) {
        fail(scan, leaf, "not exactly one cap page, or a frame as well");
    }
}

/* Leaves are sorted by base: what overlaps one follows it. */
static void sole_check(const struct cap_scan *scan, size_t at) {
    const struct leaf *leaf = &leaves[at];
    for (size_t i = at + 1; i < leaf_count && leaves[i].base < leaf->base + leaf->size; i++) {
        if (paging_kind_get(leaf->entry) != PAGING_KIND_NONE || paging_kind_get(leaves[i].entry) != PAGING_KIND_NONE) {
            fail(scan, &leaves[i], "another mapping of a cap page or proxy page");
        }
    }
}

/* The address space counts, for each table of its window, the cap pages that are mapped there. If a table is there, it
 * is still the one that they were mapped in. */
static void cap_pages_check(const struct cap_scan *scan, const struct pd *pd) {
    static uint32_t counts[WINDOW_TABLES];
    memset(counts, 0, sizeof(counts));
    for (size_t i = 0; i < scan->slot_count; i++) {
        const struct r4_slot *slot = scan->slots[i];
        struct slot_mapping mapping = slot_mapping_get(slot);
        if (slot_type(slot) != R4_CAP_CAP_PAGE || mapping.name == 0 || mapping.name != pd->window.name) {
            continue;
        }
        counts[(mapping.address - R4_WINDOW_BASE) / R4_LARGE_SIZE]++;
        const uint64_t *leaf = paging_entry(scan->instance->direct, pd->root, mapping.address, 1);
        if (leaf != NULL && (*leaf & (PAGING_ADDRESS | PAGING_PRESENT)) != (slot_pages(slot) | PAGING_PRESENT)) {
            sim_fail("cap pages are in their tables", "cluster %u: at %lx of space %x another table was mapped",
                     scan->instance->number, mapping.address, pd->window.name);
        }
    }
    for (uint32_t i = 0; i < WINDOW_TABLES; i++) {
        if (counts[i] != pd->cap_pages[i]) {
            sim_fail("cap pages are counted", "cluster %u: %u in table %u of space %x, not %u", scan->instance->number,
                     counts[i], i, pd->window.name, pd->cap_pages[i]);
        }
    }
}

/* The level-1 table that an address space remembers is the one that is there. */
static void leaf_table_check(const struct cap_scan *scan, const struct pd *pd) {
    uint64_t address = pd->leaf_region << R4_LARGE_BITS;
    if (pd->leaf_region != PD_NO_REGION &&
        paging_entry(scan->instance->direct, pd->root, address, 1) != pd->leaf_table) {
        sim_fail("the remembered table is there", "cluster %u: not for %lx in space %x", scan->instance->number,
                 address, pd->window.name);
    }
}

/* The proxy page that walks through an address space remember is there. Returns whether they remember one. */
static bool walk_page_check(const struct cap_scan *scan, const struct pd *pd) {
    const struct instance *instance = scan->instance;
    const struct walk_page *known = &instance->cluster->walk_pages.of[r4_name_asid_get(pd->window.name)];
    uint64_t own = asid_key(instance->number, pd->window.name) << 19; /* and 19 bits of the page's number */
    if (pd->window.name == 0 || known->page == WALK_NO_PAGE) {
        return false;
    }
    const uint64_t *leaf = paging_entry(instance->direct, pd->root, window_page_address(known->page % WINDOW_PAGES), 1);
    if (known->page - own >= WINDOW_PAGES || known->window != &pd->window || leaf == NULL ||
        !window_leaf_is(*leaf, PAGING_KIND_PROXIES) || known->place != instance->direct + (*leaf & PAGING_ADDRESS)) {
        sim_fail("the remembered proxy page is there", "cluster %u: not page %lx of space %x", instance->number,
                 known->page, pd->window.name);
    }
    return true;
}

/* No walk remembers a page of an address space that has ended. */
static void walk_pages_check(const struct cap_scan *scan, uint32_t of_spaces) {
    uint32_t all = 0;
    if (!scan->instance->cluster->linked) { /* it has not begun */
        return;
    }
    for (uint32_t asid = 0; asid < ASID_COUNT; asid++) {
        all += scan->instance->cluster->walk_pages.of[asid].page != WALK_NO_PAGE;
    }
    if (all != of_spaces) {
        sim_fail("who remembers a proxy page is there", "cluster %u: %u pages, %u address spaces",
                 scan->instance->number, all, of_spaces);
    }
}

void mapping_audit_check(const struct cap_scan *scan) {
    uint32_t walks = 0;
    leaf_count = 0;
    for (size_t i = 0; i < scan->pd_count; i++) {
        collect(scan->pds[i], scan->pds[i]->root, 0, 4);
        cap_pages_check(scan, scan->pds[i]);
        leaf_table_check(scan, scan->pds[i]);
        walks += walk_page_check(scan, scan->pds[i]);
    }
    walk_pages_check(scan, walks);
    qsort(leaves, leaf_count, sizeof(leaves[0]), leaf_compare);
    for (size_t i = 0; i < leaf_count; i++) {
        leaf_check(scan, &leaves[i]);
        sole_check(scan, i);
    }
}
