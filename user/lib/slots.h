/* SPDX-License-Identifier: MIT
 *
 * Which slots of the own window are in use by whom: the window tells full from empty, this tells taken from free. Pairs
 * with memory.h: who makes objects takes slots for them, and both come back together. One thread only.
 */
#ifndef R4_USER_SLOTS_H
#define R4_USER_SLOTS_H

#include <r4/abi.h>

#define SLOTS_PAGES_MAX 128U /* window pages that are kept track of */

/* Begins, or begins anew, with the slots that the kernel left free in the window's first pages. */
void slots_init(void);

/* The first of `count` (1..127) free slots in a row, now taken. The program ends if there are none. */
uint32_t slots_take(uint32_t count);

/* The same for what is made of the untyped in slot `untyped`: slots_give_of() gives them back. */
uint32_t slots_take_for(uint32_t untyped, uint32_t count);

/* They are free again; the caller has seen to it that they are empty. */
void slots_give(uint32_t first, uint32_t count);

/* The same for all slots that were taken for `untyped`, and for untypeds among those. */
void slots_give_of(uint32_t untyped);

/* Window pages in use: 0 to one less than this. */
uint32_t slots_pages(void);

/* Cap pages have been mapped at, or are about to be unmapped from, the end of the window. */
void slots_pages_set(uint32_t count);

#endif
