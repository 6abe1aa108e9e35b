/* SPDX-License-Identifier: MIT
 *
 * Protection domain: an address space with its window. The object is two pages: the level-4 table, then this structure.
 */
#ifndef R4_KERNEL_PD_H
#define R4_KERNEL_PD_H

#include "core/object_size.h"
#include "core/window.h"

struct pd {
    phys_t root;                            /* the level-4 table: this object's first page */
    phys_t directories[WINDOW_DIRECTORIES]; /* level-2 tables of the window, 0 = none: what window_slot() starts from */
    uint64_t cores;                         /* bit per core that has this space loaded now */
    uint16_t asid;                          /* index in the cluster's table */
    uint16_t generation;                    /* of that entry, never 0 */
    uint32_t version_floor;                 /* highest version of any slot in any cap page that has left the window */
};

/* Fills in a zeroed PD object; it takes the asid that was promised to it, which stands in its cap's badge then. Whoever
 * makes the cap has looked at cluster.asids_left and taken one off. */
void pd_init(struct r4_slot *slot);

/* The PD that a mapping or cap names, or null if it is gone. */
struct pd *pd_find(uint16_t asid, uint16_t generation);

/* The PD object behind a PD cap. */
struct pd *pd_of(const struct r4_slot *slot);

/* Reads the window's directories anew after a table of it came or went. */
void pd_window_refresh(struct pd *pd);

/* Ends a PD: no core has it loaded any more, its asid is free, what was mapped in it is mapped nowhere. */
void pd_destroy(const struct r4_slot *slot);

/* At boot: all asids are free. */
void pd_asids_init(void);

#endif
