/* SPDX-License-Identifier: MIT
 *
 * Which slots of the caller's window are in use by whom. The window itself tells a full slot from an empty one; this
 * tells a taken one from a free one. memory.h takes slots for the objects that it makes, and both come back together.
 * One thread only.
 */
#ifndef R4_USER_SLOTS_H
#define R4_USER_SLOTS_H

#include <r4/abi.h>

#define SLOTS_PAGES_MAX 128U /* window pages for which this is known */

/* Begins, or begins again, with the slots that the kernel left free in the window's first pages. */
void slots_init(void);

/* Takes `count` (1..127) free slots in a row, which are empty; returns the first. The program ends if there are none.
 */
uint32_t slots_take(uint32_t count);

/* The same for what is made of the untyped in slot `untyped`; slots_give_of() gives them back. */
uint32_t slots_take_for(uint32_t untyped, uint32_t count);

/* Slots that were taken are free again. They are empty by the time they are taken again. */
void slots_give(uint32_t first, uint32_t count);

/* The same for all slots that were taken for `untyped`, and for untypeds among those. */
void slots_give_of(uint32_t untyped);

/* Window pages in use: 0 to one less than this. */
uint32_t slots_pages(void);

/* The caller has mapped cap pages at the end of the window, or is about to unmap some there. */
void slots_pages_set(uint32_t count);

#endif
