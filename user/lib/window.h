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

/* Of a notification: the bits that a signal sets. */
static inline uint64_t r4_badge(uint32_t index) { return r4_slot(index)->word[1]; }

static inline uint32_t r4_ttl(uint32_t index) { return (uint32_t)r4_slot_ttl_get(r4_slot(index)->word[0]); }
static inline uint32_t r4_rights(uint32_t index) { return (uint32_t)r4_slot_rights_get(r4_slot(index)->word[2]); }
static inline uint32_t r4_depth(uint32_t index) { return (uint32_t)r4_slot_depth_get(r4_slot(index)->word[2]); }

/* What a proxy for this slot has to say. */
static inline uint32_t r4_version(uint32_t index) { return (uint32_t)r4_slot_version_get(r4_slot(index)->word[0]); }

/* Of a frame, table or cap page: the address space that it is mapped in, 0 = none; and the address there. */
static inline uint32_t r4_mapped_in(uint32_t index) { return (uint32_t)r4_mapping_name_get(r4_slot(index)->word[1]); }
static inline uint64_t r4_mapped_at(uint32_t index) {
    uint64_t high = r4_mapping_page_high_get(r4_slot(index)->word[1]);
    return (high << 3 | (r4_slot_object_get(r4_slot(index)->word[2]) & 7)) << R4_PAGE_BITS;
}

#endif
