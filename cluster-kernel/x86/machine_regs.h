/* SPDX-License-Identifier: MIT
 *
 * All that is needed to return to a user thread, except its FPU state. Kernel memory that only entry.S and the
 * machine_regs functions write, so its values came from ring 3 through the processor, or from machine_regs_start(). The
 * simulator uses this file unchanged.
 */
#ifndef R4_MACHINE_REGS_H
#define R4_MACHINE_REGS_H

#include <r4/types.h>

struct machine_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags; /* up to here in the order of r4_panic_record */
    /* 1: saved by `syscall`, after which rcx, rdx, rsi, rdi, r8 to r11 are lost: they are not stored, and rax and rdx
     * are the result. 0: saved by an interrupt or a fault, or a first start: everything is restored. */
    uint64_t from_syscall;
};
R4_SIZE(struct machine_regs, 152);

#endif
