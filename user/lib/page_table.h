/* SPDX-License-Identifier: MIT
 *
 * Page tables, which an address space's owner hangs in before it maps what lies below them.
 */
#ifndef R4_USER_PAGE_TABLE_H
#define R4_USER_PAGE_TABLE_H

#include "lib/info.h"
#include "lib/x86/syscall.h"

/* Makes the table the one of `level` (1: its entries are 4 KiB pages; 2; 3) for the range around `address`. */
static inline enum r4_error r4_table_map(uint32_t slot, uint32_t pd, uint64_t address, uint32_t level) {
    return r4_syscall(r4_own(slot), R4_OP_TABLE_MAP, r4_own(pd), address, level, 0).error;
}

static inline enum r4_error r4_table_unmap(uint32_t slot) {
    return r4_syscall(r4_own(slot), R4_OP_TABLE_UNMAP, 0, 0, 0, 0).error;
}

#endif
