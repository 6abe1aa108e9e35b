/* SPDX-License-Identifier: MIT
 *
 * Threads: an address space, first registers, a core, a priority.
 */
#ifndef R4_USER_THREAD_H
#define R4_USER_THREAD_H

#include "lib/info.h"
#include "lib/x86/syscall.h"

/* Lets a stopped thread begin at entry(argument). `stack_top` is 16-byte aligned; the function must never return. */
static inline enum r4_error r4_thread_configure(uint32_t slot, uint32_t pd, void (*entry)(uint64_t argument),
                                                uint64_t stack_top, uint64_t argument) {
    uint64_t stack = stack_top - sizeof(uint64_t); /* as a call would leave it: functions count on that alignment */
    return r4_syscall(r4_own(slot), R4_OP_THREAD_CONFIGURE, r4_own(pd), (uintptr_t)entry, stack, argument).error;
}

/* `core` is an index in the own cluster; of two threads there the one of higher priority (0..255) runs. */
static inline enum r4_error r4_thread_schedule(uint32_t slot, uint32_t core, uint32_t priority) {
    return r4_syscall(r4_own(slot), R4_OP_THREAD_SCHEDULE, core | priority << 16, 0, 0, 0).error;
}

static inline enum r4_error r4_thread_start(uint32_t slot) {
    return r4_syscall(r4_own(slot), R4_OP_THREAD_START, 0, 0, 0, 0).error;
}

static inline enum r4_error r4_thread_stop(uint32_t slot) {
    return r4_syscall(r4_own(slot), R4_OP_THREAD_STOP, 0, 0, 0, 0).error;
}

#endif
