/* SPDX-License-Identifier: MIT
 *
 * The C side of the entries in entry.S: sorts exceptions and events into the kernel's upcalls.
 */
#include "entry.h"
#include "local_apic.h"
#include "machine.h"
#include <x86/registers.h>

void machine_trap(uint64_t vector, uint64_t error) {
    if (vector >= VECTOR_EVENTS) {
        local_apic_event((enum machine_event)(vector - VECTOR_EVENTS));
    } else {
        kernel_fault(vector, error, vector == VECTOR_PAGE_FAULT ? x86_read_cr2() : 0);
    }
}

/* CR2 is also useful for a double fault: mostly the kernel stack has reached its guard page. */
_Noreturn void machine_trap_inside(uint64_t vector, uint64_t error, const uint64_t registers[18]) {
    bool has_address = vector == VECTOR_PAGE_FAULT || vector == VECTOR_DOUBLE_FAULT;
    kernel_fault_inside(vector, error, has_address ? x86_read_cr2() : 0, registers);
}

void machine_regs_start(struct machine_regs *regs, uint64_t entry, uint64_t stack, uint64_t argument) {
    *regs = (struct machine_regs){.rip = entry, .rsp = stack, .rdi = argument, .rflags = RFLAGS_ONE | RFLAGS_IF};
}

#define SYSCALL_LENGTH 2U /* bytes of `syscall`; rip is the address after it */

void machine_regs_restart(struct machine_regs *regs, const uint64_t call[6]) {
    regs->rdi = call[0];
    regs->rsi = call[1];
    regs->rdx = call[2];
    regs->r10 = call[3];
    regs->r8 = call[4];
    regs->r9 = call[5];
    regs->rcx = 0;
    regs->r11 = 0;
    regs->rip -= SYSCALL_LENGTH;
    regs->from_syscall = 0;
}

void machine_regs_go_on(struct machine_regs *regs) {
    regs->rip += SYSCALL_LENGTH;
    regs->from_syscall = 1;
}
