/* SPDX-License-Identifier: MIT
 *
 * Mapping into address spaces, mostly the caller's own; page tables that are missing on the way are made. If something
 * fails the program ends.
 */
#ifndef R4_USER_SPACE_H
#define R4_USER_SPACE_H

#include <r4/abi.h>

/* Maps the frame in `slot`. */
void space_map(uint32_t slot, uint64_t address, uint32_t rights);

/* Maps `count` 4 KiB frames in a row of slots to a row of addresses. */
void space_map_row(uint32_t first, uint32_t count, uint64_t address, uint32_t rights);

/* Adds `count` cap pages (up to R4_RETYPE_MAX) to the end of the window. Returns the first of their CapPage slots. */
uint32_t space_grow_window(uint32_t count);

/* Takes them away again, the last ones of the window, with all that is in them. */
void space_shrink_window(uint32_t first, uint32_t count);

/* Maps the highest table that is missing for `address` into the space of the PD in slot `pd`. The table is made of the
 * untyped in slot `untyped`; 0: of the program's memory. */
void space_add_table(uint32_t pd, uint32_t untyped, uint64_t address);

#endif
