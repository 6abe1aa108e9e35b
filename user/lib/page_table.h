/* SPDX-License-Identifier: MIT
 *
 * Page tables. The owner of an address space maps them first, then what lies below them.
 */
#ifndef R4_USER_PAGE_TABLE_H
#define R4_USER_PAGE_TABLE_H

#include "lib/address.h"

/* Makes the table the one of `level` (1: its entries are 4 KiB pages; 2; 3) for the range around `address`. */
static inline enum r4_error r4_table_map(r4_cap_t cap, r4_cap_t pd, uint64_t address, uint32_t level) {
    return r4_syscall(cap, R4_OP_PAGE_TABLE_MAP, pd, address, level, 0).error;
}

static inline enum r4_error r4_table_unmap(r4_cap_t cap) {
    return r4_syscall(cap, R4_OP_PAGE_TABLE_UNMAP, 0, 0, 0, 0).error;
}

#endif
