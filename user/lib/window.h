/* SPDX-License-Identifier: MIT
 *
 * The program's own window, read by plain loads: no system call tells more about a capability. The one place in user/
 * that knows which word of a slot holds what.
 *
 * Volatile, because the kernel, and peers through it, change slots at any time. The kernel fills word 0 last (release,
 * cluster-kernel/pure/slot.h and derivation.h): who sees the type sees the rest. Here volatile loads in program order
 * are enough for that, since x86 does not reorder loads.
 */
#ifndef R4_USER_WINDOW_H
#define R4_USER_WINDOW_H

#include <r4/abi.h>

/* The slot at `index`; its window page must be mapped. */
static inline const volatile struct r4_slot *r4_slot(uint32_t index) {
    return (const volatile struct r4_slot *)R4_WINDOW_BASE + index;
}

/* Word `number` (below R4_SLOT_WORDS), whatever it holds. */
static inline uint64_t r4_slot_word(uint32_t index, uint32_t number) { return r4_slot(index)->word[number]; }

/* All words, one after the other. */
static inline struct r4_slot r4_slot_read(uint32_t index) {
    return (struct r4_slot){
        {r4_slot_word(index, 0), r4_slot_word(index, 1), r4_slot_word(index, 2), r4_slot_word(index, 3)}};
}

static inline enum r4_cap_type r4_slot_type(const struct r4_slot *slot) {
    return (enum r4_cap_type)r4_slot_type_get(slot->word[0]);
}

static inline enum r4_cap_type r4_type(uint32_t index) {
    return (enum r4_cap_type)r4_slot_type_get(r4_slot_word(index, 0));
}

static inline uint32_t r4_ttl(uint32_t index) { return (uint32_t)r4_slot_ttl_get(r4_slot_word(index, 0)); }
static inline uint32_t r4_flags(uint32_t index) { return (uint32_t)r4_slot_flags_get(r4_slot_word(index, 0)); }

/* What a proxy for this slot has to say. */
static inline uint32_t r4_version(uint32_t index) { return (uint32_t)r4_slot_version_get(r4_slot_word(index, 0)); }

static inline uint32_t r4_rights(uint32_t index) { return (uint32_t)r4_slot_rights_get(r4_slot_word(index, 2)); }
static inline uint32_t r4_depth(uint32_t index) { return (uint32_t)r4_slot_depth_get(r4_slot_word(index, 2)); }

/* Bytes of the object, as a power of two. */
static inline uint32_t r4_size_log2(uint32_t index) { return (uint32_t)r4_slot_size_get(r4_slot_word(index, 2)); }

/* Of an untyped: bytes from its start that are in use. */
static inline uint64_t r4_watermark(uint32_t index) { return r4_slot_word(index, 1); }

/* Of a notification: the bits that a signal sets. Of a PD: its name. Of an AsidPool: its number. */
static inline uint64_t r4_badge(uint32_t index) { return r4_slot_word(index, 1); }

/* Of a frame, table or cap page: the address space that it is mapped in, 0 = none; and the address there. */
static inline uint32_t r4_mapped_in(uint32_t index) { return (uint32_t)r4_mapping_name_get(r4_slot_word(index, 1)); }
static inline uint64_t r4_mapped_at(uint32_t index) {
    uint64_t high = r4_mapping_page_high_get(r4_slot_word(index, 1));
    return (high << 3 | (r4_slot_object_get(r4_slot_word(index, 2)) & 7)) << R4_PAGE_BITS;
}

/* The object's physical address, without the part of a mapping that lies in it (slot.h). */
static inline uint64_t r4_object(uint32_t index) {
    return (r4_slot_object_get(r4_slot_word(index, 2)) * 64) & ~((1ULL << r4_size_log2(index)) - 1);
}

#endif
