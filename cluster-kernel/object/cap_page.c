/* SPDX-License-Identifier: MIT
 *
 * Cap pages in and out of windows. A version once seen at a window index never comes back there: the PD keeps the
 * highest version that has left the window, and the slots of a page that comes in start above it. A page leaves when
 * its own cap is unmapped or removed, not when the table above it is, which may hold many pages: until then no other
 * table can be mapped at its place (call/page_table.c).
 */
#include "object/cap_page.h"
#include "object/frame.h"
#include "pure/derivation.h"
#include "sched/operation.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

static struct r4_slot *page_of(const struct r4_slot *slot) {
    return (struct r4_slot *)(machine_direct() + slot_object(slot));
}

void cap_page_init(phys_t object) {
    struct slot_content header = {.type = R4_CAP_HEADER, .size_log2 = R4_PAGE_BITS, .object = object};
    slot_fill((struct r4_slot *)(machine_direct() + object), &header);
}

static void floor_raise(struct pd *pd, struct r4_slot *page) {
    uint32_t floor = pd->version_floor;
#pragma GCC unroll 4
    for (struct r4_slot *slot = page + 1; slot < page + R4_SLOTS_PER_PAGE; slot++) {
        uint32_t version = slot_parts(slot)->version;
        floor = version > floor ? version : floor;
    }
    pd->version_floor = floor;
}

/* Raises all versions of the page above the floor, as if each slot had been filled once more. */
static void floor_apply(const struct pd *pd, struct r4_slot *page) {
    uint32_t above = pd->version_floor == R4_VERSION_MAX ? R4_VERSION_MAX : pd->version_floor + 1;
#pragma GCC unroll 8
    for (struct r4_slot *slot = page + 1; slot < page + R4_SLOTS_PER_PAGE; slot++) {
        if (slot_parts(slot)->version < above) {
            slot_parts(slot)->version = above;
        }
    }
}

struct pd *cap_page_find_pd(const struct r4_slot *slot) {
    struct slot_mapping mapping = slot_mapping_get(slot);
    return mapping.name == 0 ? NULL : pd_find(mapping.name);
}

void cap_page_unmap(struct r4_slot *slot) {
    struct frame_leaf leaf = frame_find_leaf(slot);
    struct pd *pd = cap_page_find_pd(slot);
    if (leaf.entry != NULL) {
        *leaf.entry = 0;
        shootdown_note(leaf.pd);
    }
    if (pd != NULL) {
        floor_raise(pd, page_of(slot));
        pd->cap_pages[window_number(slot_mapping_get(slot).address)]--;
    }
    slot_mapping_clear(slot);
}

void cap_page_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address) {
    KERNEL_CHECK((*entry & PAGING_PRESENT) == 0 && cap_page_find_pd(slot) == NULL);
    floor_apply(pd, page_of(slot));
    pd->cap_pages[window_number(address)]++;
    *entry = paging_leaf(slot_object(slot), R4_READ, false, PAGING_KIND_CAPS);
    slot_mapping_set(slot, (struct slot_mapping){address, pd->window.name});
}

struct r4_slot *cap_page_destroy(struct r4_slot *slot) {
    KERNEL_CHECK(cap_page_find_pd(slot) == NULL);
    cluster_check_locked();
    if ((slot_flags(slot) & R4_FLAG_CREATING) != 0) { /* it has no header yet */
        return NULL;
    }
    struct r4_slot *header = page_of(slot);
    derivation_die(machine_direct(), slot, header);
    operation_slot_moved(slot, header);
    slot_dying_cursor_set(header, 1);
    return header;
}
