/* SPDX-License-Identifier: MIT
 *
 * Mapping and unmapping of frames. The mapping in a cap is a name (asid, generation, address): each use looks it up.
 */
#include "frame.h"
#include "../shootdown.h"
#include "handlers.h"

static uint32_t leaf_level(const struct r4_slot *slot) { return slot_size_log2(slot) == R4_LARGE_BITS ? 2 : 1; }

uint64_t *frame_find_leaf(const struct r4_slot *slot, struct pd **pd) {
    struct slot_mapping mapping = slot_mapping_get(slot);
    if (mapping.generation == 0) {
        return NULL;
    }
    *pd = pd_find(mapping.asid, mapping.generation);
    if (*pd == NULL) {
        return NULL;
    }
    uint32_t level = leaf_level(slot);
    uint64_t *entry = paging_entry(machine_direct(), (*pd)->root, mapping.address, level);
    bool same = entry != NULL && (*entry & PAGING_PRESENT) != 0 && (*entry & PAGING_ADDRESS) == slot_object(slot) &&
                ((*entry & PAGING_LARGE) != 0) == (level == 2);
    return same ? entry : NULL;
}

static void leaf_clear(struct r4_slot *slot, const struct pd *pd, uint64_t *entry) {
    *entry = 0;
    shootdown_note(pd);
    slot_mapping_clear(slot);
}

void frame_unmap(struct r4_slot *slot) {
    struct pd *pd;
    uint64_t *entry = frame_find_leaf(slot, &pd);
    if (entry != NULL) {
        leaf_clear(slot, pd, entry);
    } else {
        slot_mapping_clear(slot);
    }
}

void frame_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address, uint64_t rights) {
    *entry = paging_leaf(slot_object(slot), rights, leaf_level(slot) == 2, PAGING_MARK_NONE);
    slot_mapping_set(slot, (struct slot_mapping){address, pd->asid, pd->generation});
}

static bool meets_window(uint64_t address, uint64_t size) {
    return address < R4_WINDOW_BASE + R4_WINDOW_SIZE && address + size > R4_WINDOW_BASE;
}

struct outcome frame_map_call(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    uint64_t address = invocation->argument[1];
    uint64_t rights = invocation->argument[2];
    uint64_t size = 1ULL << slot_size_log2(slot);
    struct pd *mapped_in;
    struct resolved space = invocation_cap(invocation, invocation->argument[0], R4_CAP_PD, R4_CONTROL);
    if (space.error != R4_OK) {
        return outcome_now(space.error);
    }
    if (frame_find_leaf(slot, &mapped_in) != NULL) {
        return outcome_now(R4_ERR_MAPPED);
    }
    if ((rights & R4_READ) == 0 ||
        (rights & ~(uint64_t)(R4_READ | R4_WRITE | R4_EXEC)) != 0) { /* x86 pages are all readable */
        return outcome_now(R4_ERR_ARGUMENT);
    }
    if ((rights & ~slot_rights(slot)) != 0) {
        return outcome_now(R4_ERR_RIGHTS);
    }
    if (!is_aligned(address, size)) {
        return outcome_now(R4_ERR_ALIGNMENT);
    }
    if (address >= R4_USER_END || size > R4_USER_END - address || meets_window(address, size)) {
        return outcome_now(R4_ERR_RANGE);
    }
    struct pd *pd = pd_of(space.slot);
    uint64_t *entry = paging_entry(machine_direct(), pd->root, address, leaf_level(slot));
    if (entry == NULL) {
        return outcome_now(R4_ERR_NO_TABLE);
    }
    if ((*entry & PAGING_PRESENT) != 0) {
        return outcome_now(R4_ERR_ENTRY);
    }
    /* commit */
    frame_map(slot, pd, entry, address, rights);
    return outcome_now(R4_OK);
}

struct outcome frame_unmap_call(struct invocation *invocation) {
    struct pd *pd;
    uint64_t *entry = frame_find_leaf(invocation->slot, &pd);
    if (entry == NULL) {
        return outcome_now(R4_ERR_NOT_MAPPED);
    }
    /* commit */
    leaf_clear(invocation->slot, pd, entry);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}
