/* SPDX-License-Identifier: MIT
 *
 * What the removal of a cap does, for each type. finalise.h is the only way in.
 */
#include "revoke/finalise.h"
#include "object/cap_page.h"
#include "object/frame.h"
#include "object/page_table.h"
#include "object/pd.h"
#include "object/thread.h"
#include "peer/receive_slot.h"
#include <r4/contract.h>

static void detach(struct r4_slot *slot) {
    if (slot_reference(slot) == REFERENCE_THREAD_PD) {
        thread_detach_pd((struct thread *)(machine_direct() + slot_object(slot)));
    }
}

static struct r4_slot *end_of_object(struct r4_slot *slot) {
    switch (slot_type(slot)) {
    case R4_CAP_PD:
        pd_destroy(slot);
        return NULL;
    case R4_CAP_THREAD:
        return thread_destroy(slot);
    case R4_CAP_CAP_PAGE:
        return cap_page_destroy(slot);
    default: /* memory, which belongs to the next ancestor, or nothing at all */
        return NULL;
    }
}

struct r4_slot *finalise(struct r4_slot *slot) {
    cluster_check_locked();
    switch (slot_type(slot)) {
    case R4_CAP_FRAME:
        frame_unmap(slot);
        break;
    case R4_CAP_PAGE_TABLE:
        page_table_unmap(slot);
        break;
    case R4_CAP_CAP_PAGE:
        cap_page_unmap(slot);
        break;
    case R4_CAP_RECEIVE_SLOT:
        receive_slot_gone(slot);
        break;
    case R4_CAP_INTERNAL:
        detach(slot);
        break;
    default:
        break;
    }
    return (slot_flags(slot) & R4_FLAG_ORIGINAL) != 0 ? end_of_object(slot) : NULL;
}
