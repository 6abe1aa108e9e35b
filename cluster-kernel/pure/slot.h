/* SPDX-License-Identifier: MIT
 *
 * Slots as the kernel handles them: the words of <r4/slot.h> plus the references of the derivation list. A slot ref is
 * the slot's physical address / 32; 0 means none. `direct` is the virtual address of physical address 0, so that the
 * same source runs in kernel, unit tests and simulator. All functions need the cluster lock.
 *
 * Order. User programs read the slots of their own cap pages at any time, without the lock, by plain loads (x86 loads
 * acquire): word 0 before words 1 to 3. The kernel writes word 0 last when it fills a slot (release store) and first
 * when it empties one, so a program that sees a type in word 0 sees the object of that type in the other words. Each
 * release store of a word 0 in this file and in derivation.[ch] pairs with these loads.
 */
#ifndef R4_PURE_SLOT_H
#define R4_PURE_SLOT_H

#include "compiler.h"
#include <r4/abi.h>
#include <r4/contract.h>
#include <stdatomic.h>

static inline struct r4_slot *slot_at(uintptr_t direct, uint64_t ref) {
    return ref == 0 ? NULL : (struct r4_slot *)(direct + ref * R4_SLOT_SIZE);
}

/* The slot that a slot ref names, which is not 0. */
static inline struct r4_slot *slot_at_ref(uintptr_t direct, uint64_t ref) {
    KERNEL_CHECK(ref != 0);
    return (struct r4_slot *)(direct + ref * R4_SLOT_SIZE);
}

/* The slot ref of a slot; slot may be null only for slot_ref(), which returns 0 then. */
static inline uint64_t slot_ref_to(uintptr_t direct, const struct r4_slot *slot) {
    return ((uintptr_t)slot - direct) / R4_SLOT_SIZE;
}
static inline uint64_t slot_ref(uintptr_t direct, const struct r4_slot *slot) {
    return slot == NULL ? 0 : slot_ref_to(direct, slot);
}

static inline enum r4_cap_type slot_type(const struct r4_slot *slot) {
    return (enum r4_cap_type)r4_slot_type_get(slot->word[0]);
}
static inline uint64_t slot_flags(const struct r4_slot *slot) { return r4_slot_flags_get(slot->word[0]); }
static inline uint64_t slot_depth(const struct r4_slot *slot) { return r4_slot_depth_get(slot->word[2]); }
static inline uint64_t slot_rights(const struct r4_slot *slot) { return r4_slot_rights_get(slot->word[2]); }
static inline uint64_t slot_ttl(const struct r4_slot *slot) { return r4_slot_ttl_get(slot->word[0]); }
static inline uint64_t slot_size_log2(const struct r4_slot *slot) { return r4_slot_size_get(slot->word[2]); }
static inline uint64_t slot_version(const struct r4_slot *slot) { return r4_slot_version_get(slot->word[0]); }

/* True if the low bits of word 0 (type, TTL, flags) are `match` in the bits of `mask`. */
static inline bool slot_matches(const struct r4_slot *slot, uint16_t match, uint16_t mask) {
    return (((uint16_t)slot->word[0] ^ match) & mask) == 0;
}

/* The flags with which a capability is refused, R4_ERR_BUSY: it is being revoked, or its object is still being made. */
#define SLOT_BUSY (R4_FLAG_MARKED | R4_FLAG_ROOT | R4_FLAG_CREATING)

/* True if the slot has the type and is neither being revoked nor created. */
static inline bool slot_is_usable(const struct r4_slot *slot, enum r4_cap_type type) {
    const uint64_t looked_at = r4_slot_type_put(r4_slot_type_max()) | r4_slot_flags_put(SLOT_BUSY);
    return (slot->word[0] & looked_at) == r4_slot_type_put(type);
}

/* True if the slot lacks one of the rights, which are given as word 2 holds them (r4_slot_rights_put()). */
static inline bool slot_lacks(const struct r4_slot *slot, uint64_t rights) { return (~slot->word[2] & rights) != 0; }

static inline void slot_rights_clear(struct r4_slot *slot) { slot->word[2] = r4_slot_rights_set(slot->word[2], 0); }

static inline void slot_depth_set(struct r4_slot *slot, uint64_t depth) {
    KERNEL_CHECK(depth <= R4_DEPTH_MAX);
    slot->word[2] = r4_slot_depth_set(slot->word[2], depth);
}

/* --- word 1, by type --- */

static inline uint64_t slot_badge(const struct r4_slot *slot) { return slot->word[1]; }

/* Untyped: bytes in use, from its start. */
static inline uint64_t slot_watermark(const struct r4_slot *slot) { return slot->word[1]; }
static inline void slot_watermark_set(struct r4_slot *slot, uint64_t watermark) { slot->word[1] = watermark; }

/* Which lasting reference an internal slot is. Its object is the object that refers. */
enum reference { REFERENCE_THREAD_PD = 1 };

/* Peer: the other cluster's number. AsidPool: which of the cluster's pools. Internal: which lasting reference. */
static inline uint32_t slot_peer(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_PEER);
    return (uint32_t)slot->word[1];
}
static inline uint32_t slot_asid_pool(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_ASID_POOL);
    return (uint32_t)slot->word[1];
}
static inline uint64_t slot_reference(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_INTERNAL);
    return slot->word[1];
}

/* PD: the name that its capability shows to its holder. */
static inline void slot_name_set(struct r4_slot *slot, uint32_t name) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_PD);
    slot->word[1] = name;
}

/* Posted receive slot: the peer, and the index in struct peer's receive_slots. */
DEFINE_FIELD(uint64_t, slot_receive_index, 7, 0)
DEFINE_FIELD(uint64_t, slot_receive_peer, 63, 8)

/* RemoteRef: which loan. An untyped becomes a RemoteRef when it is lent, and an untyped again when it comes back. */
static inline uint64_t slot_loan_peer(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_REMOTE_REF);
    return r4_loan_peer_get(slot->word[1]);
}
static inline uint64_t slot_loan_index(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_REMOTE_REF);
    return r4_loan_index_get(slot->word[1]);
}
static inline void slot_lend(struct r4_slot *slot, uint32_t peer, uint32_t index, uint32_t generation) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_UNTYPED);
    slot->word[0] = r4_slot_type_set(slot->word[0], R4_CAP_REMOTE_REF);
    slot->word[1] = r4_loan_generation_put(generation) | r4_loan_index_put(index) | r4_loan_peer_put(peer);
}
static inline void slot_take_back(struct r4_slot *slot) {
    KERNEL_CHECK(slot_type(slot) == R4_CAP_REMOTE_REF);
    slot->word[0] = r4_slot_type_set(slot->word[0], R4_CAP_UNTYPED);
    slot->word[1] = 0;
}

/* Dying: a slot inside an object that has ended, in the place of the object's last capability, until nothing uses the
 * object's memory any more. Of a cap page it is slot 0, of a thread the slot of its reference to its PD. */
static inline bool slot_is_dying_page(const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_DYING && is_aligned((uintptr_t)slot, R4_PAGE_SIZE);
}

/* Dying page: the first slot that may still be filled; its neighbours in the ring of pages that one operation has to
 * empty (revoke/dying.h), slot refs, 0: it is in no ring. The page is where its slot 0 is, so the bits of the object
 * hold one of them. */
DEFINE_FIELD(uint64_t, slot_cursor, 7, 0)
DEFINE_FIELD(uint64_t, slot_ring_next, 63, 24)
DEFINE_FIELD(uint64_t, slot_ring_prev, 39, 0) /* word 2 */

static inline uint64_t slot_dying_cursor(const struct r4_slot *page) { return slot_cursor_get(page->word[1]); }
static inline void slot_dying_cursor_set(struct r4_slot *page, uint64_t cursor) {
    KERNEL_CHECK(slot_is_dying_page(page) && cursor <= R4_SLOTS_PER_PAGE);
    page->word[1] = slot_cursor_set(page->word[1], cursor);
}
static inline struct r4_slot *slot_dying_next(uintptr_t direct, const struct r4_slot *page) {
    return slot_at(direct, slot_ring_next_get(page->word[1]));
}
static inline struct r4_slot *slot_dying_prev(uintptr_t direct, const struct r4_slot *page) {
    return slot_at(direct, slot_ring_prev_get(page->word[2]));
}
/* Makes `next` the neighbour of `page` in its ring. */
static inline void slot_dying_join(uintptr_t direct, struct r4_slot *page, struct r4_slot *next) {
    page->word[1] = slot_ring_next_set(page->word[1], slot_ref(direct, next));
    next->word[2] = slot_ring_prev_set(next->word[2], slot_ref(direct, page));
}

/* --- flags --- */

static inline void slot_flags_set(struct r4_slot *slot, uint64_t flags) { slot->word[0] |= r4_slot_flags_put(flags); }
static inline void slot_flags_clear(struct r4_slot *slot, uint64_t flags) {
    slot->word[0] &= ~r4_slot_flags_put(flags);
}

/* The physical address of an object that is never mapped, such as an untyped. */
static inline phys_t slot_memory(const struct r4_slot *slot) { return r4_slot_object_get(slot->word[2]) * 64; }

/* The physical address of an object known to have 4 KiB or more. Below the object bits, such a slot may carry three
 * bits of its mapping. */
static inline phys_t slot_pages(const struct r4_slot *slot) {
    KERNEL_CHECK(slot_size_log2(slot) >= R4_PAGE_BITS);
    return round_down(r4_slot_object_get(slot->word[2]), R4_PAGE_SIZE / 64) * 64;
}

/* The physical address of any object. */
static inline phys_t slot_object(const struct r4_slot *slot) {
    return slot_size_log2(slot) >= R4_PAGE_BITS ? slot_pages(slot) : slot_memory(slot);
}

/* Word 2: size and object in one, and beside them rights, depth and three bits of a mapping. */
static inline uint64_t slot_object_word(const struct r4_slot *slot) { return slot->word[2]; }

static inline struct r4_slot *slot_next(uintptr_t direct, const struct r4_slot *slot) {
    return slot_at(direct, r4_slot_next_get(slot->word[3]));
}
static inline uint64_t slot_next_ref(const struct r4_slot *slot) { return r4_slot_next_get(slot->word[3]); }
static inline uint64_t slot_prev_ref(const struct r4_slot *slot) {
    return r4_slot_prev_high_get(slot->word[0]) << 24 | r4_slot_prev_low_get(slot->word[3]);
}
static inline struct r4_slot *slot_prev(uintptr_t direct, const struct r4_slot *slot) {
    return slot_at(direct, slot_prev_ref(slot));
}
static inline void slot_next_set(uintptr_t direct, struct r4_slot *slot, const struct r4_slot *next) {
    slot->word[3] = r4_slot_next_set(slot->word[3], slot_ref(direct, next));
}
static inline void slot_prev_ref_set(struct r4_slot *slot, uint64_t ref) {
    slot->word[3] = r4_slot_prev_low_set(slot->word[3], ref);
    slot->word[0] = r4_slot_prev_high_set(slot->word[0], ref >> 24);
}
static inline void slot_prev_set(uintptr_t direct, struct r4_slot *slot, const struct r4_slot *prev) {
    slot_prev_ref_set(slot, slot_ref(direct, prev));
}

/* New content of a slot. */
struct slot_content {
    enum r4_cap_type type;
    uint32_t ttl;
    uint32_t flags;
    uint32_t rights;
    uint32_t size_log2; /* of the object, bytes */
    phys_t object;      /* a multiple of 64, below 2^46 */
    uint32_t depth;     /* in its derivation tree */
    uint64_t badge;
};

/* R4_OK if the slot can be filled, else R4_ERR_OCCUPIED or R4_ERR_RETIRED (its version cannot rise any more). Word 0 of
 * an empty slot holds its version and zeros: adding 1 to the version of a retired slot carries into the next field. */
static inline enum r4_error slot_free_check(const struct r4_slot *slot) {
    uint64_t filled = slot->word[0] + r4_slot_version_put(1);
    if (unlikely((filled & ~r4_slot_version_put(R4_VERSION_MAX)) != 0)) {
        return r4_slot_type_get(filled) != R4_CAP_EMPTY ? R4_ERR_OCCUPIED : R4_ERR_RETIRED;
    }
    return R4_OK;
}

/* The same for `count` slots in a row, 1 to R4_SLOTS_PER_PAGE - 1: R4_ERR_OCCUPIED if any is occupied, else
 * R4_ERR_RETIRED if any is retired. Word 0 of an empty slot holds its version and zeros: adding 1 to the version of a
 * retired slot carries into the next field, which shows it. */
static inline enum r4_error slots_free_check(const struct r4_slot *first, uint32_t count) {
    KERNEL_CHECK(count > 0 && count < R4_SLOTS_PER_PAGE);
    uint64_t seen = first->word[0] + r4_slot_version_put(1);
#pragma GCC unroll 3
    for (const struct r4_slot *slot = first + 1; slot < first + count; slot++) {
        seen |= slot->word[0] + r4_slot_version_put(1);
    }
    if (r4_slot_type_get(seen) != R4_CAP_EMPTY) {
        return R4_ERR_OCCUPIED;
    }
    return r4_slot_prev_high_get(seen) != 0 ? R4_ERR_RETIRED : R4_OK;
}

/* Word 0 in parts, for loops over many slots: a version is one load or one store. */
struct slot_parts {
    uint16_t below;
    uint32_t version;
    uint16_t above;
} __attribute__((packed, may_alias));
R4_SIZE(struct slot_parts, 8);
_Static_assert(r4_slot_version_low == 16, "the version is the middle part");

static inline struct slot_parts *slot_parts(struct r4_slot *slot) { return (struct slot_parts *)&slot->word[0]; }

/* Fills a slot that slot_free_check() accepted: its version rises by one. `prev` and `next` are slot refs, 0: none;
 * only derivation.h passes others than 0. */
static inline void slot_fill_linked(struct r4_slot *slot, const struct slot_content *content, uint64_t prev,
                                    uint64_t next) {
    KERNEL_CHECK(slot_free_check(slot) == R4_OK);
    KERNEL_CHECK(content->depth <= R4_DEPTH_MAX && content->ttl <= R4_TTL_MAX);
    KERNEL_CHECK(content->object % 64 == 0 && content->object >> 46 == 0);
    slot->word[1] = content->badge;
    slot->word[2] = r4_slot_object_put(content->object / 64) | r4_slot_rights_put(content->rights) |
                    r4_slot_size_put(content->size_log2) | r4_slot_depth_put(content->depth);
    slot->word[3] = r4_slot_next_put(next) | r4_slot_prev_low_put(prev);
    uint64_t filled = r4_slot_type_put(content->type) | r4_slot_ttl_put(content->ttl) |
                      r4_slot_flags_put(content->flags) | r4_slot_prev_high_put(prev >> 24);
    /* Words 1 to 3 before word 0: pairs with the loads of a program that reads its window (see the top). */
    __atomic_store_n(&slot->word[0], slot->word[0] + r4_slot_version_put(1) + filled, __ATOMIC_RELEASE);
}

/* The same for a slot in no list: the root of a tree. */
static inline void slot_fill(struct r4_slot *slot, const struct slot_content *content) {
    slot_fill_linked(slot, content, 0, 0);
}

/* Empties a slot that is in no list; the version stays. Word 0 before words 1 to 3: pairs with the loads of a program
 * that reads its window (see the top). x86 keeps stores in order, so the fence binds the compiler alone: it is no
 * instruction. */
static inline void slot_clear(struct r4_slot *slot) {
    __atomic_store_n(&slot->word[0], r4_slot_version_put(slot_version(slot)), __ATOMIC_RELAXED);
    atomic_signal_fence(memory_order_release);
    slot->word[1] = 0;
    slot->word[2] = 0;
    slot->word[3] = 0;
}

/* The mapping of a mapped frame, table or cap page: where, and in which address space. */
struct slot_mapping {
    uint64_t address; /* virtual, a multiple of 4 KiB, below R4_USER_END */
    uint32_t name;    /* of the address space (r4_name); never 0 while mapped */
};

/* True if the slot of a frame, table or cap page holds a mapping. The mapping may be stale: its address space or table
 * may be gone. */
static inline bool slot_has_mapping(const struct r4_slot *slot) { return slot->word[1] != 0; }

/* The mapping of the slot; name 0 means none, whatever the address is. */
static inline struct slot_mapping slot_mapping_get(const struct r4_slot *slot) {
    uint64_t low = r4_slot_object_get(slot->word[2]) & 7;
    return (struct slot_mapping){(r4_mapping_page_high_get(slot->word[1]) << 3 | low) << R4_PAGE_BITS,
                                 (uint32_t)r4_mapping_name_get(slot->word[1])};
}

static inline void slot_mapping_set(struct r4_slot *slot, struct slot_mapping mapping) {
    KERNEL_CHECK(mapping.name != 0 && mapping.address < R4_USER_END && is_aligned(mapping.address, R4_PAGE_SIZE));
    uint64_t page = mapping.address >> R4_PAGE_BITS;
    slot->word[1] = r4_mapping_page_high_put(page >> 3) | r4_mapping_name_put(mapping.name);
    slot->word[2] = (slot->word[2] & ~7ULL) | (page & 7);
}

static inline void slot_mapping_clear(struct r4_slot *slot) {
    slot->word[1] = 0;
    slot->word[2] &= ~7ULL;
}

#endif
