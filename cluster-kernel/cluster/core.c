/* SPDX-License-Identifier: MIT
 *
 * What a core does for the holder of the lock: at once when it is interrupted, and in each turn of any wait loop.
 */
#include "cluster/core.h"
#include "object/thread.h"

void core_leave(struct core *core) {
    if (core->fpu != NULL) {
        machine_fpu_save(core->fpu->fpu);
    }
    machine_space_load_kernel();
}

bool core_serve(struct core *core) {
    /* Pairs with request_send() in sched/shootdown.c: the changed page tables before the flush. */
    uint32_t request = atomic_load_explicit(&core->request, memory_order_acquire);
    if (request == CORE_REQUEST_NONE) {
        return false;
    }
    if (request == CORE_REQUEST_LEAVE) {
        core_leave(core); /* `fpu` cannot change meanwhile: only the holder writes it, and the holder waits */
    } else {
        machine_flush_user();
    }
    /* Pairs with request_wait() in sched/shootdown.c: the flush and the saved FPU state before the answer. */
    atomic_store_explicit(&core->request, CORE_REQUEST_NONE, memory_order_release);
    return request == CORE_REQUEST_LEAVE;
}

void core_wait_turn(struct core *core) {
    machine_relax();
    core_serve(core);
}
