/* SPDX-License-Identifier: MIT
 *
 * Threads: an address space, first registers, a core, a priority.
 */
#ifndef R4_USER_THREAD_H
#define R4_USER_THREAD_H

#include "lib/address.h"

/* Lets a stopped thread begin at entry(argument) in the address space `pd`. `stack_top` is 16-byte aligned; the
 * function must never return. */
static inline enum r4_error r4_thread_configure(r4_cap_t cap, r4_cap_t pd, void (*entry)(uint64_t argument),
                                                uint64_t stack_top, uint64_t argument) {
    uint64_t stack = stack_top - sizeof(uint64_t); /* as after a call: compilers count on that alignment */
    return r4_syscall(cap, R4_OP_THREAD_CONFIGURE, pd, (uintptr_t)entry, stack, argument).error;
}

/* `core` is an index in the caller's cluster; of two threads on it the one with the higher priority (0..255) runs. */
static inline enum r4_error r4_thread_schedule(r4_cap_t cap, uint32_t core, uint32_t priority) {
    return r4_syscall(cap, R4_OP_THREAD_SCHEDULE, r4_schedule_core_put(core) | r4_schedule_priority_put(priority), 0, 0,
                      0)
        .error;
}

static inline enum r4_error r4_thread_start(r4_cap_t cap) {
    return r4_syscall(cap, R4_OP_THREAD_START, 0, 0, 0, 0).error;
}

static inline enum r4_error r4_thread_stop(r4_cap_t cap) {
    return r4_syscall(cap, R4_OP_THREAD_STOP, 0, 0, 0, 0).error;
}

#endif
