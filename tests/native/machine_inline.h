/* SPDX-License-Identifier: MIT
 *
 * The types and inline functions of cluster-kernel/machine.h for kernels that run at real speed in a host process, a
 * thread for each core. As in the shipped kernel gs points to the core's state. All else is in machine.c.
 */
#ifndef R4_NATIVE_MACHINE_INLINE_H
#define R4_NATIVE_MACHINE_INLINE_H

#include "x86/machine_regs.h"
#include <r4/layout.h>
#include <x86/instructions.h>
#include <x86/linker_constants.h>

struct core;

#define MACHINE_FPU_SIZE 512U /* as fxsave stores it */

struct machine_core {
    struct machine_core *self; /* at gs:0 */
    struct machine_regs *regs; /* what to return to; null: halt */
};

static inline struct machine_core *machine_own(void) {
    struct machine_core *own;
    __asm__("movq %%gs:0, %0" : "=r"(own));
    return own;
}

static inline struct core *machine_core(void) { return (struct core *)machine_own(); }
static inline uint64_t machine_now(void) { return x86_rdtsc(); }
static inline void machine_relax(void) { x86_pause(); }
static inline uintptr_t machine_direct(void) { return LINKER_CONSTANT_64(r4_linker_direct_map); }

static inline void machine_resume(struct machine_regs *regs) {
    __asm__ volatile("movq %0, %%gs:8" : : "r"(regs) : "memory");
}

static inline void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value) {
    regs->rax = error;
    regs->rdx = value;
}

static inline uint64_t machine_regs_ip(const struct machine_regs *regs) { return regs->rip; }
static inline uint64_t machine_regs_sp(const struct machine_regs *regs) { return regs->rsp; }

static inline void machine_zero(void *memory, size_t size) {
    size_t words = size / sizeof(uint64_t);
    __asm__ volatile("rep stosq" : "+D"(memory), "+c"(words) : "a"(0UL) : "memory");
}

#endif
