/* SPDX-License-Identifier: MIT
 *
 * The walk through a user address space.
 */
#include "paging.h"

uint64_t *paging_entry(uintptr_t direct, phys_t root, uint64_t address, uint32_t level) {
    phys_t table = root;
    for (uint32_t at = 4; at > level; at--) {
        uint64_t entry = ((const uint64_t *)(direct + table))[paging_index(address, at)];
        if ((entry & PAGING_PRESENT) == 0 || (entry & PAGING_LARGE) != 0) {
            return NULL;
        }
        table = entry & PAGING_ADDRESS;
    }
    return &((uint64_t *)(direct + table))[paging_index(address, level)];
}
