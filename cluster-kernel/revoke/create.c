/* SPDX-License-Identifier: MIT
 *
 * Creating objects: zeroes them chunk by chunk, gives each its first state, then clears CREATING in its slot.
 */
#include "revoke/create.h"
#include "cluster/cluster.h"
#include "diag/panic.h"
#include "object/cap_page.h"
#include "sched/operation.h"
#include <r4/contract.h>

void create_object(struct r4_slot *slot) {
    switch (slot_type(slot)) {
    case R4_CAP_CAP_PAGE:
        cap_page_init(slot_object(slot));
        break;
    case R4_CAP_PD:
        pd_init(slot_object(slot));
        break;
    case R4_CAP_THREAD:
        thread_init(slot_object(slot));
        break;
    default: /* frames and page tables are zero and nothing else */
        break;
    }
}

static void create_step(struct operation *operation) {
    struct r4_slot *slot = operation->run.position;
    KERNEL_ASSERT((slot_flags(slot) & R4_FLAG_CREATING) != 0);
    uint64_t size = 1ULL << slot_size_log2(slot);
    if (operation->progress < size) {
        uint64_t chunk = size < CREATE_CHUNK ? size : CREATE_CHUNK;
        machine_zero((void *)(machine_direct() + slot_object(slot) + operation->progress), chunk);
        operation->progress += chunk;
        return;
    }
    create_object(slot);
    operation->run.position++;
    operation->progress = 0;
    slot_flags_clear(slot, R4_FLAG_CREATING);
}

enum operation_progress create_run(struct core *core, struct operation *operation) {
    KERNEL_CHECK(operation->kind == OPERATION_CREATE);
    cluster_check_locked();
    while (operation_remaining(operation) != 0) {
        create_step(operation);
        if (operation_remaining(operation) != 0 && cluster_should_yield(core)) {
            return OPERATION_PAUSED;
        }
    }
    return OPERATION_FINISHED;
}
