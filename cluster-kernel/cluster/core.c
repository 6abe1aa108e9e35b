/* SPDX-License-Identifier: MIT
 *
 * What a core does for the holder of the lock: at once when it is interrupted, and in each turn of any wait.
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
    uint32_t request = atomic_load_explicit(&core->request, memory_order_acquire); /* pairs with request_send() */
    if (request == CORE_REQUEST_NONE) {
        return false;
    }
    if (request == CORE_REQUEST_LEAVE) {
        core_leave(core); /* `fpu` cannot change under us: only the holder, who waits, writes it */
    } else {
        machine_flush_user();
    }
    atomic_store_explicit(&core->request, CORE_REQUEST_NONE, memory_order_release); /* pairs with request_wait() */
    return request == CORE_REQUEST_LEAVE;
}

void core_wait_turn(struct core *core) {
    machine_relax();
    core_serve(core);
}
