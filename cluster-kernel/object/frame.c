/* SPDX-License-Identifier: MIT
 *
 * Mapping and unmapping of frames. The mapping in a cap is a name (asid, generation, address): each use looks it up.
 */
#include "frame.h"
#include "../shootdown.h"
#include "handlers.h"

/* For a cap of an object whose leaf stands in a table of `level`. */
static inline __attribute__((always_inline)) struct frame_leaf find(const struct r4_slot *slot, uint32_t level) {
    const uint64_t looked_at = PAGING_ADDRESS | PAGING_PRESENT | PAGING_LARGE;
    struct slot_mapping mapping = slot_mapping_get(slot);
    struct pd *pd = mapping.generation == 0 ? NULL : pd_find(mapping.asid, mapping.generation);
    if (pd == NULL) {
        return (struct frame_leaf){NULL, NULL};
    }
    uint64_t *entry = paging_entry(machine_direct(), pd->root, mapping.address, level);
    uint64_t own = slot_pages(slot) | PAGING_PRESENT | (level == 2 ? PAGING_LARGE : 0);
    return (struct frame_leaf){entry != NULL && (*entry & looked_at) == own ? entry : NULL, pd};
}

struct frame_leaf frame_find_leaf(const struct r4_slot *slot) {
    return slot_size_log2(slot) == R4_PAGE_BITS ? find(slot, 1) : find(slot, 2);
}

static inline void leaf_clear(struct frame_leaf leaf) {
    *leaf.entry = 0;
    shootdown_note(leaf.pd);
}

void frame_unmap(const struct r4_slot *slot) {
    struct frame_leaf leaf = frame_find_leaf(slot);
    if (leaf.entry != NULL) {
        leaf_clear(leaf);
    }
}

/* Of something aligned to its own size, which is 2 MiB at most. */
static bool meets_window(uint64_t address) { return address - R4_WINDOW_BASE < R4_WINDOW_SIZE; }
_Static_assert(R4_WINDOW_BASE % (1ULL << R4_LARGE_BITS) == 0 && R4_WINDOW_SIZE % (1ULL << R4_LARGE_BITS) == 0,
               "nothing lies in the window in part only");

/* Whether a frame of `size` bytes may be mapped at `address` with `rights`, whatever is there. */
static inline __attribute__((always_inline)) enum r4_error place_check(const struct r4_slot *slot, uint64_t address,
                                                                       uint64_t rights, uint64_t size) {
    if ((rights & R4_READ) == 0 ||
        (rights & ~(uint64_t)(R4_READ | R4_WRITE | R4_EXEC)) != 0) { /* x86 pages are all readable */
        return R4_ERR_ARGUMENT;
    }
    if ((rights & ~slot_rights(slot)) != 0) {
        return R4_ERR_RIGHTS;
    }
    if (!is_aligned(address, size)) {
        return R4_ERR_ALIGNMENT;
    }
    return address > R4_USER_END - size || meets_window(address) ? R4_ERR_RANGE : R4_OK;
}

/* Maps a frame of `size` bytes, unless it is `mapped` already. */
static inline __attribute__((always_inline)) struct outcome map(struct invocation *invocation, uint64_t size,
                                                                bool mapped) {
    struct r4_slot *slot = invocation->slot;
    uint64_t address = invocation->argument[1];
    uint64_t rights = invocation->argument[2];
    struct resolved space = invocation_cap(invocation, invocation->argument[0], R4_CAP_PD, R4_CONTROL);
    if (space.slot == NULL) {
        return outcome_now(space.error);
    }
    if (mapped) {
        return outcome_now(R4_ERR_MAPPED);
    }
    enum r4_error error = place_check(slot, address, rights, size);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    struct pd *pd = (struct pd *)(machine_direct() + slot_pages(space.slot) + R4_PAGE_SIZE);
    uint64_t *entry = paging_entry(machine_direct(), pd->root, address, size == R4_PAGE_SIZE ? 1 : 2);
    if (entry == NULL) {
        return outcome_now(R4_ERR_NO_TABLE);
    }
    if ((*entry & PAGING_PRESENT) != 0) {
        return outcome_now(R4_ERR_ENTRY);
    }
    /* commit */
    frame_map(slot, pd, entry, address, rights, size != R4_PAGE_SIZE);
    return outcome_now(R4_OK);
}

/* Apart, so that the common case below needs few registers. */
static __attribute__((noinline)) struct outcome map_any(struct invocation *invocation) {
    bool mapped = frame_find_leaf(invocation->slot).entry != NULL;
    return map(invocation, 1ULL << slot_size_log2(invocation->slot), mapped);
}

struct outcome frame_map_call(struct invocation *invocation) {
    if (slot_size_log2(invocation->slot) != R4_PAGE_BITS || invocation->slot->word[1] != 0) {
        return map_any(invocation);
    }
    return map(invocation, R4_PAGE_SIZE, false);
}

struct outcome frame_unmap_call(struct invocation *invocation) {
    struct frame_leaf leaf = frame_find_leaf(invocation->slot);
    if (leaf.entry == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    /* commit */
    leaf_clear(leaf);
    slot_mapping_clear(invocation->slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}
