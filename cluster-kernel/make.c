/* SPDX-License-Identifier: MIT
 *
 * Making objects.
 */
#include "make.h"
#include "cluster.h"
#include "object/cap_page.h"
#include "operation.h"

void make_object(struct r4_slot *slot) {
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

static void make_step(struct operation *operation) {
    struct r4_slot *slot = operation->position;
    uint64_t size = 1ULL << slot_size_log2(slot);
    if (operation->progress < size) {
        uint64_t chunk = size < MAKE_CHUNK ? size : MAKE_CHUNK;
        machine_zero((void *)(machine_direct() + slot_object(slot) + operation->progress), chunk);
        operation->progress += chunk;
        return;
    }
    make_object(slot);
    operation->position++;
    operation->remaining--;
    operation->progress = 0;
    slot_flags_clear(slot, R4_FLAG_MAKING);
}

/* Objects smaller than a page are zero and nothing else. If all that are left are one chunk at most, and lie one behind
 * the other because none of them has gone, they are made in one step. */
static bool is_small(const struct operation *operation) {
    uint64_t log2 = slot_size_log2(operation->position);
    return log2 < R4_PAGE_BITS && operation->error == R4_OK && operation->remaining << log2 <= MAKE_CHUNK;
}

static void make_small(struct operation *operation) {
    struct r4_slot *slot = operation->position;
    machine_zero((void *)(machine_direct() + slot_object(slot)), operation->remaining << slot_size_log2(slot));
    for (; operation->remaining != 0; operation->remaining--) {
        slot_flags_clear(slot, R4_FLAG_MAKING);
        slot = slot_next(machine_direct(), slot);
    }
}

enum operation_progress make_run(struct core *core, struct operation *operation) {
    if (operation->resumed == 0 && cluster_should_yield(core)) { /* the retype itself was a long step */
        return OPERATION_PAUSED;
    }
    if (operation->remaining != 0 && is_small(operation)) {
        make_small(operation);
    }
    while (operation->remaining != 0) {
        make_step(operation);
        if (operation->remaining != 0 && cluster_should_yield(core)) {
            return OPERATION_PAUSED;
        }
    }
    operation_finish(operation, operation->error, 0);
    return OPERATION_FINISHED;
}

/* The slots that are still to be made lie one behind the other from the position on, each MAKING: nothing moves them,
 * and they go from their ends only. */
void make_slot_gone(struct operation *operation, const struct r4_slot *slot) {
    if (operation->remaining == 0) { /* all had gone before: what stands behind them is somebody else's */
        return;
    }
    if (slot == operation->position) {
        operation->position++;
        operation->progress = 0;
    } else {
        operation->last--;
    }
    operation->remaining--;
    operation->error = R4_ERR_REVOKED;
}
