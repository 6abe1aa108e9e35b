/* SPDX-License-Identifier: MIT
 *
 * Page tables of levels 1 to 3, made by user programs and hung into a PD. Which level a table has follows from where it
 * hangs.
 */
#ifndef R4_KERNEL_OBJECT_PAGE_TABLE_H
#define R4_KERNEL_OBJECT_PAGE_TABLE_H

#include "object/pd.h"

/* The entry that names this table, in which PD, and of which level it is; or null. */
uint64_t *page_table_find_parent(const struct r4_slot *slot, struct pd **pd, uint32_t *level);

/* Takes a table out of the tree that it hangs in, if it still does; what is mapped through it is mapped no more. Notes
 * cores to flush. */
void page_table_unmap(struct r4_slot *slot);

/* Hangs a table of `level` in at `entry`, which is of the level above; checked by the caller. The table is zeroed. Used
 * at boot as well. */
void page_table_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address, uint32_t level);

#endif
