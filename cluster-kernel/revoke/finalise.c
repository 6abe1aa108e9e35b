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

static void end_of_object(const struct r4_slot *slot) {
    switch (slot_type(slot)) {
    case R4_CAP_PD:
        pd_destroy(slot);
        break;
    case R4_CAP_THREAD:
        thread_destroy(slot);
        break;
    case R4_CAP_CAP_PAGE:
        cap_page_destroy(slot);
        break;
    default: /* memory, which belongs to the next ancestor, or nothing at all */
        break;
    }
}

void finalise(struct r4_slot *slot) {
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
    if ((slot_flags(slot) & R4_FLAG_ORIGINAL) != 0) {
        end_of_object(slot);
    }
}

bool finalise_needs_operation(const struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot);
    return type == R4_CAP_REMOTE_REF || type == R4_CAP_CAP_PAGE || type == R4_CAP_THREAD || type == R4_CAP_PD;
}
