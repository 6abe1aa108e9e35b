/* SPDX-License-Identifier: MIT
 *
 * The root task's untyped memory: objects are cut from it upwards, and come back all at once. Where an untyped stands
 * is read from the window, so nothing is kept here. One thread only.
 */
#ifndef R4_USER_MEMORY_H
#define R4_USER_MEMORY_H

#include "lib/slots.h"

/* Makes `count` objects in slots that it takes (a row, if count is up to R4_RETYPE_MAX); returns the first. The program
 * ends if the memory does not suffice. `size_log2` is 0 for types of one size. */
uint32_t memory_make(enum r4_cap_type type, uint32_t size_log2, uint32_t count);

/* The same from the untyped in slot `untyped`. */
uint32_t memory_make_from(uint32_t untyped, enum r4_cap_type type, uint32_t size_log2, uint32_t count);

/* Revokes everything that was ever made by memory_make() and frees all slots: for the end of a program. Returns the
 * first error: memory that a dead cluster holds cannot come back. */
enum r4_error memory_reset(void);

#endif
