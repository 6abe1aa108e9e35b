/* SPDX-License-Identifier: MIT
 *
 * What it takes to return to a user thread, its FPU state excepted. Kernel memory that only entry.S and the
 * machine_regs functions write, so what is in it came from ring 3 through the processor, or from machine_regs_start().
 * The simulator uses it as it is.
 */
#ifndef R4_MACHINE_REGS_H
#define R4_MACHINE_REGS_H

#include <r4/types.h>

struct machine_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags; /* up to here in the order of r4_panic_record */
    uint64_t
        from_syscall; /* 1: saved by `syscall`, which loses rcx, rdx, rsi, rdi, r8..r11: they are not stored, rax and
                         rdx are the result; 0: an interrupt, a fault or the first start, everything is restored */
};
R4_SIZE(struct machine_regs, 152);

#endif
