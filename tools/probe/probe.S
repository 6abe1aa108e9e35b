/* SPDX-License-Identifier: MIT
 *
 * Does this accelerator run what R4 needs? A guest without firmware's help or devices: long mode, ring 3 by iretq, from
 * there a system call, back by sysret, a second system call, and the answer on the debug-exit port. Whatever goes wrong
 * ends in a triple fault or never. tools/accelerator.py starts it (`-kernel`, so it is a multiboot 1 image) and waits a
 * few seconds. Source: Multiboot specification 0.6.96, section 3.1; Intel SDM volume 3, 5.8.8 (syscall), 9.8.5 (long
 * mode).
 */
#include <x86/registers.h>

#define MULTIBOOT_MAGIC 0x1badb002
#define EXIT_PORT       0xf4
#define EXIT_GOOD       0x15 /* PROBE_GOOD of tools/accelerator.py is what QEMU makes of it */

#define CODE32      0x08
#define CODE64      0x10
#define DATA        0x18
#define SYSRET_BASE 0x1b /* of the two that follow: sysret adds 8 and 16 */
#define USER_DATA   0x23
#define USER_CODE   0x2b

#define PAGE_USER  0x07 /* present, writable, for ring 3 */
#define PAGE_LARGE 0x80
#define CALLS      2 /* there and back, and there again */

    .section .multiboot, "a"
    .balign 4
    .long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code */
    .quad 0x00af9b000000ffff /* 64-bit code */
    .quad 0x00cf93000000ffff /* data */
    .quad 0x00cff3000000ffff /* data of ring 3 */
    .quad 0x00affb000000ffff /* 64-bit code of ring 3 */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt
no_gates:
    .word 0
    .quad 0

    .text
    .code32
    .globl probe32
probe32:
    cli
    lgdt gdt_pointer
    lidt no_gates
    movl $tables + 0x1000 + PAGE_USER, tables
    movl $tables + 0x2000 + PAGE_USER, tables + 0x1000
    movl $PAGE_USER + PAGE_LARGE, tables + 0x2000 /* the first 2 MiB */
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $tables, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_SCE), %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0
    ljmp $CODE64, $probe64

    .code64
probe64:
    movl $DATA, %eax
    movl %eax, %ss
    movl $stack_end, %esp
    movl $MSR_STAR, %ecx
    xorl %eax, %eax
    movl $(SYSRET_BASE << 16 | CODE64), %edx
    wrmsr
    movl $MSR_LSTAR, %ecx
    movl $called, %eax
    xorl %edx, %edx
    wrmsr
    movl $MSR_FMASK, %ecx
    movl $RFLAGS_IF, %eax
    wrmsr
    xorl %ebx, %ebx /* calls so far */
    pushq $USER_DATA
    pushq $stack_end
    pushq $RFLAGS_ONE
    pushq $USER_CODE
    pushq $user
    iretq

user:
    syscall
    jmp user

called:
    incl %ebx
    cmpl $CALLS, %ebx
    je 1f
    sysretq
1:  movl $EXIT_GOOD, %eax
    movl $EXIT_PORT, %edx
    outl %eax, %dx
2:  hlt
    jmp 2b

    .bss
    .balign 4096
tables:
    .skip 4096 * 3
    .skip 4096
stack_end:

    .section .note.GNU-stack, "", @progbits
