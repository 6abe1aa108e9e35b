/* SPDX-License-Identifier: MIT
 *
 * Protection domain: an address space with its window. The object's first page is the level-4 table; then comes this
 * structure.
 */
#ifndef R4_KERNEL_PD_H
#define R4_KERNEL_PD_H

#include "pure/asid.h"
#include "pure/object_size.h"

struct pd {
    struct window window; /* first: the table of asids names it. A PD without a name runs no thread and maps nothing */
    phys_t root;          /* the level-4 table: this object's first page */
    uint64_t cores;       /* bit per core that has this space loaded now */
    uint32_t version_floor;            /* highest version of any slot in any cap page that has left the window */
    uint16_t cap_pages[WINDOW_TABLES]; /* by window_number(): how many cap pages say that they are mapped there, those
                                          included whose table has been taken away */
};
_Static_assert(R4_PAGE_SIZE + sizeof(struct pd) <= 1U << PD_LOG2, "a PD outgrew its object");

/* Fills in a zeroed PD object at physical address `object`. */
void pd_init(phys_t object);

/* Names the PD of this cap, and says so in the cap's badge: false if that pool has no asid left. */
bool pd_name(struct r4_slot *slot, uint32_t pool);

/* The PD that a mapping names, or null if it is gone. */
struct pd *pd_find(uint32_t name);

/* The PD object behind a PD cap. */
struct pd *pd_of(const struct r4_slot *slot);

/* Ends a PD: no core has it loaded any more, its name means nothing, what was mapped in it is mapped nowhere. */
void pd_destroy(const struct r4_slot *slot);

#endif
