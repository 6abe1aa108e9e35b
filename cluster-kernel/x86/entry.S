/* SPDX-License-Identifier: MIT
 *
 * All ways into the kernel and out of it. Each core has one kernel stack, which is empty while user code runs or the
 * core is halted. Every way in starts at its top; every way out is leave_kernel, which reads only gs:CORE_REGS. So
 * nothing stays on the stack, and an interrupt that ends a halt just drops its frame. Interrupts are off in the kernel,
 * except at the one instruction `hlt`.
 *
 * gs: an entry from ring 3 swaps the kernel's base in, and the exit swaps it out directly before the return
 * instruction. Nothing can fault while gs is the user's in ring 0. NMI, double fault and machine check may come there;
 * they have stacks of their own (IST) and do not depend on gs.
 */
#include "offsets.h"
#include <x86/registers.h>

    .text

/* The coordinator jumps here on each core: edi = index in the cluster, 64-bit mode, interrupts off, the coordinator's
 * tables in cr3, which map the kernel's half as kernel_root does. */
    .globl kernel_entry
    .type kernel_entry, @function
kernel_entry:
    cld
    movl %edi, %ebx
    movl %edi, %eax
    shlq $CORE_STRIDE_BITS, %rax
    movabsq $r4_linker_cores, %rcx
    leaq CORE_OFFSET(%rcx, %rax), %rsp
    movabsq $r4_linker_boot_info, %rcx
    movq BOOT_INFO_KERNEL_ROOT(%rcx), %rax
    movq %rax, %cr3
    xorl %ebp, %ebp
    call machine_start
    movl %ebx, %edi
    call kernel_start
    jmp leave_kernel
    .size kernel_entry, . - kernel_entry

/* syscall: rcx = user rip, r11 = user flags, rax is free (the result goes there); FMASK has cleared IF, DF, TF, NT and
 * AC. Only the registers that the ABI preserves are saved. The arguments are already where C expects them, except r10,
 * which takes the place of rcx, since syscall overwrites that. */
    .globl syscall_entry
    .type syscall_entry, @function
    .balign 64
syscall_entry:
    swapgs
    movq %gs:CORE_REGS, %rax
    movq %rsp, REGS_RSP(%rax)
    movq %gs:CORE_STACK, %rsp
    movq %rcx, REGS_RIP(%rax)
    movq %r11, REGS_RFLAGS(%rax)
    movq %rbx, REGS_RBX(%rax)
    movq %rbp, REGS_RBP(%rax)
    movq %r12, REGS_R12(%rax)
    movq %r13, REGS_R13(%rax)
    movq %r14, REGS_R14(%rax)
    movq %r15, REGS_R15(%rax)
    movq $1, REGS_FROM_SYSCALL(%rax)
    movq %r10, %rcx
    call kernel_syscall
    testq %rax, %rax
    jz leave_kernel
    /* The same thread goes on. rbp is its own: C preserves it always, the other callee-saved registers not on this path
     * (UNSAVED in build.mk). The rest as in leave_kernel. */
    movq REGS_RBX(%rax), %rbx
    movq REGS_R12(%rax), %r12
    movq REGS_R13(%rax), %r13
    movq REGS_R14(%rax), %r14
    movq REGS_R15(%rax), %r15
    movq REGS_RDX(%rax), %rdx
    movq REGS_RIP(%rax), %rcx
    movq REGS_RFLAGS(%rax), %r11
    movq REGS_RSP(%rax), %rsp
    movq REGS_RAX(%rax), %rax
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    swapgs
    sysretq

/* To user mode, or to a halt. SYSRET with a non-canonical rcx would fault in ring 0 on some processors: rip is the
 * address after a `syscall` that user mode executed, and all user mappings end at R4_USER_END, so rip is at most
 * R4_USER_END, which is canonical. The flags are those of ring 3, as the processor saved them: IF is set and IOPL is 0,
 * since user mode can change neither. Registers without a value for the thread are cleared, so that nothing of the
 * kernel leaks. */
    .type leave_kernel, @function
leave_kernel:
    movq %gs:CORE_REGS, %rbx
    testq %rbx, %rbx
    jz idle
    cmpq $0, REGS_FROM_SYSCALL(%rbx)
    je exit_full
    movq REGS_RAX(%rbx), %rax
    movq REGS_RDX(%rbx), %rdx
    movq REGS_RIP(%rbx), %rcx
    movq REGS_RFLAGS(%rbx), %r11
    movq REGS_RBP(%rbx), %rbp
    movq REGS_R12(%rbx), %r12
    movq REGS_R13(%rbx), %r13
    movq REGS_R14(%rbx), %r14
    movq REGS_R15(%rbx), %r15
    xorl %edi, %edi
    xorl %esi, %esi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    movq REGS_RSP(%rbx), %rsp
    movq REGS_RBX(%rbx), %rbx
    swapgs
    sysretq
    .size syscall_entry, . - syscall_entry
    .size leave_kernel, . - leave_kernel

/* Restores all registers, also rcx and r11. On some processors iretq would fault in ring 0 if rip were not canonical. A
 * processor may have saved such a rip when user mode jumped there, so what is above USER_END becomes USER_END: user mode
 * has nothing there either, and faults. */
    .type exit_full, @function
exit_full:
    movq REGS_RIP(%rbx), %rax
    movabsq $USER_END, %rcx
    cmpq %rcx, %rax
    cmovaq %rcx, %rax
    pushq $SELECTOR_USER_DATA
    pushq REGS_RSP(%rbx)
    pushq REGS_RFLAGS(%rbx)
    pushq $SELECTOR_USER_CODE
    pushq %rax
    movq REGS_RAX(%rbx), %rax
    movq REGS_RCX(%rbx), %rcx
    movq REGS_RDX(%rbx), %rdx
    movq REGS_RSI(%rbx), %rsi
    movq REGS_RDI(%rbx), %rdi
    movq REGS_RBP(%rbx), %rbp
    movq REGS_R8(%rbx), %r8
    movq REGS_R9(%rbx), %r9
    movq REGS_R10(%rbx), %r10
    movq REGS_R11(%rbx), %r11
    movq REGS_R12(%rbx), %r12
    movq REGS_R13(%rbx), %r13
    movq REGS_R14(%rbx), %r14
    movq REGS_R15(%rbx), %r15
    movq REGS_RBX(%rbx), %rbx
    swapgs
    iretq
    .size exit_full, . - exit_full

/* sti keeps interrupts off for one more instruction, so none comes between the read of CORE_REGS and the halt. An event
 * does not return here; a stray or spurious interrupt does. */
    .type idle, @function
idle:
    sti
    hlt
    cli
    jmp leave_kernel
    .size idle, . - idle

/* Exceptions and events meet here: rsp -> vector, error, rip, cs, rflags, rsp, ss. Gates do not clear DF and AC. */
    .type trap, @function
trap:
    cld
    testb $3, 24(%rsp)
    jz trap_inside
    swapgs
    cmpl $0, %gs:CORE_HAS_SMAP
    je 1f
    clac
1:  pushq %rax
    movq %gs:CORE_REGS, %rax
    popq REGS_RAX(%rax)
    movq %rbx, REGS_RBX(%rax)
    movq %rcx, REGS_RCX(%rax)
    movq %rdx, REGS_RDX(%rax)
    movq %rsi, REGS_RSI(%rax)
    movq %rdi, REGS_RDI(%rax)
    movq %rbp, REGS_RBP(%rax)
    movq %r8, REGS_R8(%rax)
    movq %r9, REGS_R9(%rax)
    movq %r10, REGS_R10(%rax)
    movq %r11, REGS_R11(%rax)
    movq %r12, REGS_R12(%rax)
    movq %r13, REGS_R13(%rax)
    movq %r14, REGS_R14(%rax)
    movq %r15, REGS_R15(%rax)
    movq $0, REGS_FROM_SYSCALL(%rax)
    popq %rdi /* vector */
    popq %rsi /* error */
    popq REGS_RIP(%rax)
    popq %rcx /* cs: always the one user segment */
    popq REGS_RFLAGS(%rax)
    popq REGS_RSP(%rax)
    popq %rcx /* ss */
    call machine_trap
    jmp leave_kernel
    .size trap, . - trap

/* In ring 0: an event can only have ended a halt; an exception is a mistake of the kernel. */
    .type trap_inside, @function
trap_inside:
    cmpq $VECTOR_EXCEPTIONS, (%rsp)
    jb fault_inside
    movq (%rsp), %rdi
    movq %gs:CORE_STACK, %rsp
    xorl %esi, %esi
    call machine_trap
    jmp leave_kernel
    .size trap_inside, . - trap_inside

/* Panics, on the stack that the exception uses; does not return. Pushes all registers in the order of r4_panic_record,
 * and sets gs from the stack's address, since a double fault or machine check may have come with either gs. */
    .type fault_inside, @function
fault_inside:
    cld
    pushq 32(%rsp)       /* rflags */
    pushq 16 + 8(%rsp)   /* rip */
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq 40 + 80(%rsp)  /* rsp */
    pushq %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rbx
    pushq %rax
    movq %rsp, %rbx
    movq %rsp, %rax
    andq $-(1 << CORE_STRIDE_BITS), %rax
    addq $CORE_OFFSET, %rax
    movq %rax, %rdx
    shrq $32, %rdx
    movl $MSR_GS_BASE, %ecx
    wrmsr
    movq REGS_RSP(%rbx), %rax
    movq %rax, %gs:CORE_FAULT_STACK
    movq 144(%rbx), %rdi /* vector */
    movq 152(%rbx), %rsi /* error */
    movq %rbx, %rdx
    andq $-16, %rsp
    call machine_trap_inside
    .size fault_inside, . - fault_inside

/* Another core of this cluster has panicked, or hardware reports an error that the kernel cannot repair: halt with NMIs
 * blocked. */
    .globl nmi_stub
    .type nmi_stub, @function
nmi_stub:
    hlt
    jmp nmi_stub
    .size nmi_stub, . - nmi_stub

/* An interrupt of a device that no driver owns, left on by firmware: acknowledge it and go on. */
    .globl stray_stub
    .type stray_stub, @function
stray_stub:
    pushq %rax
    pushq %rcx
    pushq %rdx
    movl $MSR_APIC_BASE, %ecx
    rdmsr
    testl $APIC_BASE_X2APIC, %eax
    jnz 1f
    movabsq $r4_linker_apic + 0xb0, %rax /* APIC_EOI */
    movl $0, (%rax)
    jmp 2f
1:  movl $(0x800 + (0xb0 >> 4)), %ecx /* the same register, as an MSR: SDM volume 3, 11.12.1.2 */
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
2:  popq %rdx
    popq %rcx
    popq %rax
    iretq
    .size stray_stub, . - stray_stub

/* The APIC has withdrawn an interrupt: this must not be acknowledged (SDM volume 3, 11.9). */
    .globl spurious_stub
    .type spurious_stub, @function
spurious_stub:
    iretq
    .size spurious_stub, . - spurious_stub

/* One stub per exception, one every STUB_SIZE bytes; the processor pushes an error code for some (SDM volume 3, table
 * 6-1). Double fault and machine check never return to user mode, whatever they interrupted. */
#define WITH_ERROR (1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)

    .globl fault_stubs
    .type fault_stubs, @function
    .balign STUB_SIZE
fault_stubs:
    .set .Lvector, 0
    .rept VECTOR_EXCEPTIONS
    .balign STUB_SIZE
    .ifeq (WITH_ERROR >> .Lvector) & 1
    pushq $0
    .endif
    pushq $.Lvector
    .ifeq (.Lvector - VECTOR_DOUBLE_FAULT) * (.Lvector - VECTOR_MACHINE_CHECK)
    jmp fault_inside
    .else
    jmp trap
    .endif
    .set .Lvector, .Lvector + 1
    .endr
    .size fault_stubs, . - fault_stubs

    .globl event_stubs
    .type event_stubs, @function
    .balign STUB_SIZE
event_stubs:
    .set .Lvector, VECTOR_EVENTS
    .rept EVENT_STUBS
    .balign STUB_SIZE
    pushq $0
    pushq $.Lvector
    jmp trap
    .set .Lvector, .Lvector + 1
    .endr
    .size event_stubs, . - event_stubs

/* descriptors_load(const struct descriptor_pointer *gdt, const struct descriptor_pointer *idt): makes this core use the
 * new tables, reloads every segment register and the task register. Zeroes the gs base. */
    .globl descriptors_load
    .type descriptors_load, @function
descriptors_load:
    lgdt (%rdi)
    lidt (%rsi)
    movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $SELECTOR_TSS, %eax
    ltr %ax
    popq %rax
    pushq $SELECTOR_KERNEL_CODE
    pushq %rax
    lretq
    .size descriptors_load, . - descriptors_load

    .section .note.GNU-stack, "", @progbits
