/* SPDX-License-Identifier: MIT
 *
 * What a root task has: for the check that a program leaves nothing behind. Read from the window, no system call.
 */
#ifndef R4_USER_USAGE_H
#define R4_USER_USAGE_H

#include <r4/abi.h>

struct usage {
    uint64_t free_bytes; /* of the root's untypeds, above their watermarks */
    uint32_t used_slots; /* in the window's pages, headers not counted */
};

struct usage usage_take(void);

/* True if both are as they were; else says what differs. */
bool usage_check(struct usage before);

#endif
