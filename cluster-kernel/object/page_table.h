/* SPDX-License-Identifier: MIT
 *
 * Page tables of levels 1 to 3, created by user programs and mapped into a PD. The level of a table is given when it is
 * mapped. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_OBJECT_PAGE_TABLE_H
#define R4_KERNEL_OBJECT_PAGE_TABLE_H

#include "object/pd.h"

/* The entry that names this table, its PD, and the level of the table that holds the entry; or null. */
uint64_t *page_table_find_parent(const struct r4_slot *slot, struct pd **pd, uint32_t *level);

/* Removes a table from the tree that it is mapped in, if it still is; what was mapped through it is not mapped any
 * more. Notes the cores to flush. */
void page_table_unmap(struct r4_slot *slot);

/* Zeroes the table and maps it as a table of `level` (1..3) by `entry`, which is of the level above and free; the
 * caller has checked this. `address`: the first that the entry covers. Also used at boot. */
void page_table_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address, uint32_t level);

#endif
