/* SPDX-License-Identifier: MIT
 *
 * The rings of dying cap pages.
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
