/* SPDX-License-Identifier: MIT
 *
 * Makes one core ready: control registers, descriptor tables, system call, FPU, local APIC. Called once per core by
 * kernel_entry, on the core's own stack, in the kernel's own address space. CPUID is asked for every feature before its
 * bit is written: setting a reserved bit faults, or, in an emulator, hangs the core.
 */
#include "cluster/addresses.h"
#include "descriptors.h"
#include "entry.h"
#include "fpu.h"
#include "io_apic.h"
#include "local_apic.h"
#include <r4/abi.h>
#include <x86/registers.h>

R4_OFFSET(struct machine_core, self, CORE_SELF);
R4_OFFSET(struct machine_core, regs, CORE_REGS);
R4_OFFSET(struct machine_core, stack, CORE_STACK);
R4_OFFSET(struct machine_core, fault_stack, CORE_FAULT_STACK);
R4_OFFSET(struct machine_core, has_smap, CORE_HAS_SMAP);
R4_OFFSET(struct machine_regs, rax, REGS_RAX);
R4_OFFSET(struct machine_regs, rbx, REGS_RBX);
R4_OFFSET(struct machine_regs, rcx, REGS_RCX);
R4_OFFSET(struct machine_regs, rdx, REGS_RDX);
R4_OFFSET(struct machine_regs, rsi, REGS_RSI);
R4_OFFSET(struct machine_regs, rdi, REGS_RDI);
R4_OFFSET(struct machine_regs, rbp, REGS_RBP);
R4_OFFSET(struct machine_regs, rsp, REGS_RSP);
R4_OFFSET(struct machine_regs, r8, REGS_R8);
R4_OFFSET(struct machine_regs, r9, REGS_R9);
R4_OFFSET(struct machine_regs, r10, REGS_R10);
R4_OFFSET(struct machine_regs, r11, REGS_R11);
R4_OFFSET(struct machine_regs, r12, REGS_R12);
R4_OFFSET(struct machine_regs, r13, REGS_R13);
R4_OFFSET(struct machine_regs, r14, REGS_R14);
R4_OFFSET(struct machine_regs, r15, REGS_R15);
R4_OFFSET(struct machine_regs, rip, REGS_RIP);
R4_OFFSET(struct machine_regs, rflags, REGS_RFLAGS);
R4_OFFSET(struct machine_regs, from_syscall, REGS_FROM_SYSCALL);
R4_OFFSET(struct r4_boot_info, kernel_root, BOOT_INFO_KERNEL_ROOT);
_Static_assert(R4_USER_END == USER_END, "exit_full goes to another address");
_Static_assert(R4_CORE_STRIDE == 1U << CORE_STRIDE_BITS && R4_CORE_OFFSET == CORE_OFFSET,
               "entry.S finds the core elsewhere");
_Static_assert(R4_AREA_CORES % R4_CORE_STRIDE == 0, "fault_inside finds the core by rounding rsp down");
_Static_assert(sizeof(struct machine_core) <= R4_CORE_STRIDE - R4_CORE_OFFSET, "struct core outgrew its place");
_Static_assert(EVENT_STUBS == MACHINE_EVENT_COUNT && VECTOR_EVENTS / 32 == (VECTOR_EVENTS + EVENT_STUBS - 1) / 32,
               "each event has a stub, and all of them stand in one word of the request register");

/* After INIT the caches may be off (CR0.CD, NW), and after firmware and coordinator CR4 may hold any value. So both
 * registers are written whole. */
static void control_start(struct machine_core *own) {
    struct cpuid basic = x86_cpuid(CPUID_FEATURES, 0);
    struct cpuid extended = {0, 0, 0, 0};
    if (x86_cpuid(CPUID_BASIC, 0).eax >= CPUID_EXTENDED) {
        extended = x86_cpuid(CPUID_EXTENDED, 0);
    }
    uint64_t cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT; /* SSE2 is part of x86-64 */
    cr4 |= (basic.edx & CPUID_1_EDX_MCE) != 0 ? CR4_MCE : 0;
    cr4 |= (basic.edx & CPUID_1_EDX_PGE) != 0 ? CR4_PGE : 0;
    cr4 |= (basic.ecx & CPUID_1_ECX_XSAVE) != 0 ? CR4_OSXSAVE : 0;
    cr4 |= (extended.ebx & CPUID_7_EBX_FSGSBASE) != 0 ? CR4_FSGSBASE : 0;
    cr4 |= (extended.ebx & CPUID_7_EBX_SMEP) != 0 ? CR4_SMEP : 0;
    cr4 |= (extended.ebx & CPUID_7_EBX_SMAP) != 0 ? CR4_SMAP : 0;
    cr4 |= (extended.ecx & CPUID_7_ECX_UMIP) != 0 ? CR4_UMIP : 0;
    own->has_smap = (cr4 & CR4_SMAP) != 0;
    own->has_fsgsbase = (cr4 & CR4_FSGSBASE) != 0;
    x86_write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
    x86_write_cr4(cr4 & ~(uint64_t)CR4_PGE); /* drops global translations of the coordinator's tables */
    x86_write_cr4(cr4);
    x86_write_dr7(0x400); /* no breakpoint, so none can occur between an entry and its swapgs */
}

/* STAR: SYSCALL loads kernel code from the selector given, and data from that + 8; SYSRET loads code from the selector
 * given + 16, and data from that + 8 (SDM volume 3, 5.8.8). */
static void syscall_start(void) {
    x86_wrmsr(MSR_STAR, (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    x86_wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    x86_wrmsr(MSR_FMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_NT | RFLAGS_AC | RFLAGS_IOPL);
    x86_wrmsr(MSR_SYSENTER_CS, 0); /* sysenter is a general protection fault */
    x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
}

void machine_start(uint32_t index) {
    struct machine_core *own = (struct machine_core *)core_at(index);
    own->self = own;
    own->index = index;
    own->stack = (uint64_t)own;
    control_start(own);
    descriptors_start(own);
    x86_wrmsr(MSR_GS_BASE, (uint64_t)own);
    x86_wrmsr(MSR_KERNEL_GS_BASE, 0);
    syscall_start();
    fpu_start(own);
    local_apic_start();
    if (index == 0) {
        io_apic_start();
    }
    own->started = true; /* after the NMI gate: pairs with the load in machine_stop_others() (both seq_cst) */
}
