/* SPDX-License-Identifier: MIT
 *
 * The rings of dying cap pages, and what is left in each.
 */
#include "revoke/dying.h"
#include "pure/derivation.h"
#include "sched/operation.h"
#include "sched/stand.h"
#include <r4/contract.h>

void dying_keep(struct operation *operation, struct r4_slot *page) {
    KERNEL_CHECK(slot_is_dying_page(page));
    cluster_check_locked();
    uintptr_t direct = machine_direct();
    if (slot_dying_next(direct, page) != NULL) {
        return;
    }
    if (operation->died == NULL) {
        slot_dying_join(direct, page, page);
        operation->died = page;
        stand_add(operation, STAND_DIED);
        return;
    }
    slot_dying_join(direct, slot_dying_prev(direct, operation->died), page);
    slot_dying_join(direct, page, operation->died);
}

void dying_remove(struct r4_slot *page) {
    uintptr_t direct = machine_direct();
    KERNEL_CHECK(slot_is_dying_page(page));
    cluster_check_locked();
    if ((slot_flags(page) & R4_FLAG_STANDS) != 0) {
        operation_follow(page);
    }
    struct r4_slot *next = slot_dying_next(direct, page);
    if (next != NULL && next != page) {
        slot_dying_join(direct, slot_dying_prev(direct, page), next);
    }
    derivation_remove(direct, page);
}

struct r4_slot *dying_next(struct r4_slot *page, uint32_t most, bool *done) {
    uint64_t cursor = slot_dying_cursor(page);
    cluster_check_locked();
    for (uint32_t i = 0; i < most && cursor < R4_SLOTS_PER_PAGE; i++, cursor++) {
        if (slot_type(&page[cursor]) != R4_CAP_EMPTY) {
            break;
        }
    }
    slot_dying_cursor_set(page, cursor);
    *done = cursor == R4_SLOTS_PER_PAGE;
    return *done || slot_type(&page[cursor]) == R4_CAP_EMPTY ? NULL : &page[cursor];
}
