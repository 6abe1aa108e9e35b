/* SPDX-License-Identifier: MIT
 *
 * The own window, read by plain loads: no system call tells more about a capability. Volatile, because the kernel, and
 * peers through it, change slots at any time.
 */
#ifndef R4_USER_WINDOW_H
#define R4_USER_WINDOW_H

#include <r4/abi.h>

/* The slot at `index`; its window page must be mapped. */
static inline const volatile struct r4_slot *r4_slot(uint32_t index) {
    return (const volatile struct r4_slot *)R4_WINDOW_BASE + index;
}

static inline enum r4_cap_type r4_type(uint32_t index) {
    return (enum r4_cap_type)r4_slot_type_get(r4_slot(index)->word[0]);
}

/* Bytes of the object, as a power of two. */
static inline uint32_t r4_size_log2(uint32_t index) { return (uint32_t)r4_slot_size_get(r4_slot(index)->word[2]); }

/* Of an untyped: bytes from its start that are in use. */
static inline uint64_t r4_watermark(uint32_t index) { return r4_slot(index)->word[1]; }

#endif
