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

/* True if the objects that are left can be created in one step: they are smaller than a page, so they only need to be
 * zero, and they are at most one chunk together. */
static bool is_small(const struct operation *operation) {
    uint64_t log2 = slot_size_log2(operation->run.position);
    return log2 < R4_PAGE_BITS && operation_remaining(operation) << log2 <= CREATE_CHUNK;
}

static void create_small(struct operation *operation) {
    struct r4_slot *slot = operation->run.position;
    uint64_t size = operation_remaining(operation) << slot_size_log2(slot);
    machine_zero((void *)(machine_direct() + slot_object(slot)), size);
    for (; slot <= operation->last; slot++) {
        slot_flags_clear(slot, R4_FLAG_CREATING);
    }
    operation->run.position = slot;
}

enum operation_progress create_run(struct core *core, struct operation *operation) {
    KERNEL_CHECK(operation->kind == OPERATION_CREATE);
    cluster_check_locked();
    if (operation->resumed == 0 && cluster_should_yield(core)) { /* the retype itself was a long step */
        return OPERATION_PAUSED;
    }
    if (operation_remaining(operation) != 0 && is_small(operation)) {
        create_small(operation);
    }
    while (operation_remaining(operation) != 0) {
        create_step(operation);
        if (operation_remaining(operation) != 0 && cluster_should_yield(core)) {
            return OPERATION_PAUSED;
        }
    }
    return OPERATION_FINISHED;
}
