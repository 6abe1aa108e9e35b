/* SPDX-License-Identifier: MIT
 *
 * Frames: map, map as a proxy page, protect, unmap.
 */
#include "object/frame.h"
#include "call/handlers.h"
#include "pure/compiler.h"
#include "pure/derivation.h"

static inline enum r4_error rights_check(const struct invocation *invocation, uint64_t rights) {
    const uint64_t known = R4_READ | R4_WRITE | R4_EXEC;
    if ((rights & R4_READ) == 0 || (rights & ~known) != 0) { /* x86 pages are all readable */
        return R4_ERR_ARGUMENT;
    }
    return (rights & ~invocation_rights(invocation)) != 0 ? R4_ERR_RIGHTS : R4_OK;
}

/* True if a frame at `address`, aligned to its own size of at most 2 MiB, overlaps the window. */
static bool meets_window(uint64_t address) { return address - R4_WINDOW_BASE < R4_WINDOW_SIZE; }
_Static_assert(R4_WINDOW_BASE % (1ULL << R4_LARGE_BITS) == 0 && R4_WINDOW_SIZE % (1ULL << R4_LARGE_BITS) == 0,
               "nothing lies in the window in part only");

/* Whether a frame of `size` bytes may be mapped at `address`, whatever is mapped there now. A large frame in the window
 * would take the place of a level-1 table, in which the kernel finds slots; a small one does no harm. */
static inline enum r4_error place_check(uint64_t address, uint64_t size) {
    if (!is_aligned(address, size)) {
        return R4_ERR_ALIGNMENT;
    }
    bool in_the_way = size != R4_PAGE_SIZE && meets_window(address);
    return address > R4_USER_END - size || in_the_way ? R4_ERR_RANGE : R4_OK;
}

/* Maps a frame of `size` bytes; `mapped`: it already is, which is an error. */
static always_inline struct outcome map(struct invocation *invocation, uint64_t size, bool mapped) {
    struct r4_slot *slot = invocation->slot;
    uint64_t address = invocation->argument[1];
    uint64_t rights = invocation->argument[2];
    struct pd *pd;
    enum r4_error error = invocation_space(invocation, invocation->argument[0], &pd);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (mapped) {
        return outcome_now(R4_ERR_MAPPED);
    }
    error = rights_check(invocation, rights);
    if (error == R4_OK) {
        error = place_check(address, size);
    }
    uint64_t *entry = NULL;
    if (error == R4_OK) {
        error = invocation_entry(pd, address, size == R4_PAGE_SIZE ? 1 : 2, &entry);
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    frame_map(slot, pd, entry, address, paging_leaf(slot_pages(slot), rights, size != R4_PAGE_SIZE, PAGING_KIND_NONE));
    return outcome_now(R4_OK);
}

/* Out of line, so that the common case below needs few registers. */
static noinline struct outcome map_any(struct invocation *invocation) {
    bool mapped = frame_find_leaf(invocation->slot).entry != NULL;
    return map(invocation, 1ULL << slot_size_log2(invocation->slot), mapped);
}

struct outcome sys_frame_map(struct invocation *invocation) {
    if (slot_size_log2(invocation->slot) != R4_PAGE_BITS || slot_has_mapping(invocation->slot)) {
        return map_any(invocation);
    }
    return map(invocation, R4_PAGE_SIZE, false);
}

/* Whether the frame can become a proxy page. */
static enum r4_error proxies_check(const struct invocation *invocation) {
    const struct r4_slot *slot = invocation->slot;
    if (slot_size_log2(slot) != R4_PAGE_BITS) {
        return R4_ERR_ARGUMENT;
    }
    if (frame_find_leaf(slot).entry != NULL) {
        return R4_ERR_MAPPED;
    }
    if ((slot_flags(slot) & R4_FLAG_ORIGINAL) == 0 || derivation_has_children(machine_direct(), slot)) {
        return R4_ERR_PROXY_PAGE;
    }
    return (~invocation_rights(invocation) & (R4_READ | R4_WRITE)) == 0 ? R4_OK : R4_ERR_RIGHTS;
}

struct outcome sys_frame_map_proxies(struct invocation *invocation) {
    uint64_t page = invocation->argument[1];
    struct pd *pd;
    enum r4_error error = invocation_space(invocation, invocation->argument[0], &pd);
    if (error == R4_OK) {
        error = proxies_check(invocation);
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (page == 0 || page >= WINDOW_PAGES) { /* the null address names a slot of page 0 */
        return outcome_now(R4_ERR_RANGE);
    }
    uint64_t address = window_page_address(page);
    uint64_t *entry;
    error = invocation_entry(pd, address, 1, &entry);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    frame_map(invocation->slot, pd, entry, address,
              paging_leaf(slot_pages(invocation->slot), R4_READ | R4_WRITE, false, PAGING_KIND_PROXIES));
    return outcome_now(R4_OK);
}

struct outcome sys_frame_protect(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    uint64_t rights = invocation->argument[0];
    struct frame_leaf leaf = frame_find_leaf(slot);
    if (leaf.entry == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    enum r4_error error = rights_check(invocation, rights);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    uint64_t kind = paging_kind_get(*leaf.entry);
    if (kind != PAGING_KIND_NONE && (rights & R4_EXEC) != 0) {
        return outcome_now(R4_ERR_PROXY_PAGE);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    *leaf.entry = paging_leaf(slot_pages(slot), rights, slot_size_log2(slot) == R4_LARGE_BITS, kind);
    shootdown_note(leaf.pd);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}

struct outcome sys_frame_unmap(struct invocation *invocation) {
    struct frame_leaf leaf = frame_find_leaf(invocation->slot);
    if (leaf.entry == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    frame_leaf_clear(leaf);
    slot_mapping_clear(invocation->slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}
