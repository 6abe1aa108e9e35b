/* SPDX-License-Identifier: MIT
 *
 * How much memory and how many slots a root task uses: for the check that a program leaves nothing behind. Read from
 * the window, no system call.
 */
#ifndef R4_USER_USAGE_H
#define R4_USER_USAGE_H

#include <r4/abi.h>

struct usage {
    uint64_t free_bytes; /* of the root task's untypeds, above their watermarks */
    uint32_t used_slots; /* full ones in the window's pages, headers not counted */
};

struct usage usage_take(void);

/* True if both are as they were `before`; says so, or what differs. */
bool usage_check(struct usage before);

#endif
