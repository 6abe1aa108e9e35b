/* SPDX-License-Identifier: MIT
 *
 * The root task's untyped memory. Objects are cut from an untyped upwards. A single object can be deleted, but its
 * memory comes back only together with everything that was cut from the same untyped. So a program that wants memory
 * back takes an untyped of its own:
 *
 *   uint32_t untyped = memory_take(21);
 *   uint32_t frames = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, 8);
 *   memory_delete(frames + 3, 1);          that frame's slot is free
 *   memory_give(untyped);                  all slots and all memory are free
 *
 * How much of an untyped is in use is read from the window; what is kept here is which untypeds were given back. If
 * there is not enough memory the program ends. One thread only.
 */
#ifndef R4_USER_MEMORY_H
#define R4_USER_MEMORY_H

#include "lib/slots.h"

/* Makes `count` objects in a row of slots that it takes (1..R4_RETYPE_MAX); returns the first. They last until
 * memory_delete() or memory_reset(). `size_log2` is 0 for types of one size. */
uint32_t memory_create(enum r4_cap_type type, uint32_t size_log2, uint32_t count);

/* The same from the untyped in slot `untyped`. They last until that untyped is given back. */
uint32_t memory_create_from(uint32_t untyped, enum r4_cap_type type, uint32_t size_log2, uint32_t count);

/* Deletes the capabilities in a row of slots, with all that derives from them, and gives the slots back. */
void memory_delete(uint32_t first, uint32_t count);

/* True if memory_take() would find one of 2^size_log2 bytes. */
bool memory_has(uint32_t size_log2);

/* An unused untyped of 2^size_log2 bytes: one that was given back, or a new one. */
uint32_t memory_take(uint32_t size_log2);

/* Revokes an untyped that memory_take() returned, gives back all slots that were taken for it, and keeps it for the
 * next memory_take() of its size. */
void memory_give(uint32_t untyped);

/* Revokes everything that was made by these functions and frees all slots: for the end of a program. Returns the first
 * error: memory that a dead cluster holds cannot come back. */
enum r4_error memory_reset(void);

#endif
