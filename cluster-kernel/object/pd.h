/* SPDX-License-Identifier: MIT
 *
 * Protection domain: an address space with its window. The object's first page is the level-4 table; struct pd follows
 * it. All fields and functions are under the cluster lock.
 */
#ifndef R4_KERNEL_PD_H
#define R4_KERNEL_PD_H

#include "pure/asid.h"
#include "pure/object_size.h"

struct pd {
    struct window window; /* first: the table of asids points to it. Without a name a PD runs no thread, maps nothing */
    phys_t root;          /* the level-4 table: this object's first page */
    uint64_t cores;       /* bit per core that has this space loaded now */
    uint32_t version_floor; /* highest version of any slot in any cap page that has left the window */
    /* By window_number(): the number of cap pages whose caps hold a mapping there, even if the table is gone. */
    uint16_t cap_pages[WINDOW_TABLES];
};
_Static_assert(R4_PAGE_SIZE + sizeof(struct pd) <= 1U << PD_LOG2, "a PD outgrew its object");

/* Fills in a zeroed PD object at physical address `object`. */
void pd_init(phys_t object);

/* Gives the PD of this cap, which has none, a name, also in the cap's word 1. False if that pool has no asid left. */
bool pd_name(struct r4_slot *slot, uint32_t pool);

/* The PD that a mapping names, or null if it is gone. */
struct pd *pd_find(uint32_t name);

/* The PD object of a PD cap. */
struct pd *pd_of(const struct r4_slot *slot);

/* Ends a PD: afterwards no core has it loaded, no address space has its name, and what was mapped in it is not
 * mapped. */
void pd_destroy(const struct r4_slot *slot);

#endif
