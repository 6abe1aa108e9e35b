/* SPDX-License-Identifier: MIT
 *
 * Mapping into the own address space; page tables that are missing on the way are made of own memory.
 */
#ifndef R4_USER_SPACE_H
#define R4_USER_SPACE_H

#include <r4/abi.h>

/* Maps the frame in `slot`. The program ends if that cannot be done. */
void space_map(uint32_t slot, uint64_t address, uint32_t rights);

/* Maps `count` 4 KiB frames in a row of slots to a row of addresses. */
void space_map_row(uint32_t first, uint32_t count, uint64_t address, uint32_t rights);

/* Adds `count` cap pages (up to R4_RETYPE_MAX) to the end of the window. Returns the first of their CapPage slots. */
uint32_t space_grow_window(uint32_t count);

/* Takes them away again, with all that is in them. */
void space_shrink_window(uint32_t first, uint32_t count);

#endif
