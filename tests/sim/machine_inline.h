/* SPDX-License-Identifier: MIT
 *
 * The types and inline functions of cluster-kernel/machine.h on the hosted machine. All else is in machine.c: undefined
 * in the kernel object, and resolved by the boot linker when the simulator loads it.
 */
#ifndef R4_SIM_MACHINE_INLINE_H
#define R4_SIM_MACHINE_INLINE_H

#include "x86/machine_regs.h"
#include <r4/layout.h>
#include <x86/linker_constants.h>

struct core;

#define MACHINE_FPU_SIZE 64U /* the simulated FPU is one word */

struct machine_core {
    struct machine_regs *regs; /* what to return to, and where the next entry from user mode saves; null: halt */
};

struct core *machine_core(void);
uint64_t machine_now(void);
void machine_relax(void);
static inline uintptr_t machine_direct(void) { return LINKER_CONSTANT_64(r4_linker_direct_map); }

#endif
