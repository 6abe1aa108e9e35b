/* SPDX-License-Identifier: MIT
 *
 * Protection domain: an address space with its window. The object's first page is the level-4 table; struct pd follows
 * it. All fields and functions are under the cluster lock.
 */
#ifndef R4_KERNEL_PD_H
#define R4_KERNEL_PD_H

#include "cluster/cluster.h"
#include "pure/compiler.h"
#include "pure/object_size.h"

struct pd {
    struct window window; /* first: the table of asids points to it. Without a name a PD runs no thread, maps nothing */
    phys_t root;          /* the level-4 table: this object's first page */
    uint64_t leaf_region; /* whose level-1 table is remembered: address >> R4_LARGE_BITS; PD_NO_REGION: none is */
    uint64_t *leaf_table; /* that table, in the direct map */
    uint64_t cores;       /* bit per core that has this space loaded now */
    uint32_t version_floor; /* highest version of any slot in any cap page that has left the window */
    /* By window_number(): the number of cap pages whose caps hold a mapping there, even if the table is gone. */
    uint16_t cap_pages[WINDOW_TABLES];
};
_Static_assert(R4_PAGE_SIZE + sizeof(struct pd) <= 1U << PD_LOG2, "a PD outgrew its object");

#define PD_NO_REGION UINT64_MAX

/* Fills in a zeroed PD object at physical address `object`. */
void pd_init(phys_t object);

/* Gives the PD of this cap, which has none, a name, also in the cap's word 1. False if that pool has no asid left. */
bool pd_name(struct r4_slot *slot, uint32_t pool);

/* The PD that a mapping names, or null if it is gone. */
static inline struct pd *pd_find(uint32_t name) { return (struct pd *)asid_find(&cluster.asids, name); }

/* The PD object of a PD cap. */
static inline struct pd *pd_of(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_PD);
    return (struct pd *)(machine_direct() + slot_pages(slot) + R4_PAGE_SIZE);
}

/* Programs map many pages close to each other. So the level-1 table found last is remembered, until any table of the PD
 * is unmapped. */
static inline bool pd_remembers(const struct pd *pd, uint64_t address) {
    return address >> R4_LARGE_BITS == pd->leaf_region;
}
static inline uint64_t *pd_remembered_leaf(struct pd *pd, uint64_t address) {
    uint64_t *entry = &pd->leaf_table[paging_index(address, 1)];
    promise(entry != NULL);
    return entry;
}

/* The level-1 entry for `address`; null if a table on the way is missing, or a large leaf is in its place. */
uint64_t *pd_leaf_find(struct pd *pd, uint64_t address); /* remembers the table */
static inline uint64_t *pd_leaf(struct pd *pd, uint64_t address) {
    return likely(pd_remembers(pd, address)) ? pd_remembered_leaf(pd, address) : pd_leaf_find(pd, address);
}

/* A table of this PD is unmapped. */
static inline void pd_leaf_forget(struct pd *pd) { pd->leaf_region = PD_NO_REGION; }

/* Ends a PD: afterwards no core has it loaded, no address space has its name, and what was mapped in it is not
 * mapped. */
void pd_destroy(const struct r4_slot *slot);

#endif
