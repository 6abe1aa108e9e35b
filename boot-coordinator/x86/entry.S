/* SPDX-License-Identifier: MIT
 *
 * First instructions of every core. The boot processor enters at entry32 in 32-bit protected mode from a multiboot2 loader; the others
 * at trampoline in real mode, in the page below 1 MiB where the coordinator has copied it. Both go to long mode on the identity map.
 * Source: Multiboot2 specification 2.0, sections 3.1 and 3.3; Intel SDM volume 3, sections 9.8.5 (long mode), 9.4.4 (start-up).
 */
#include <x86/registers.h>

#define MULTIBOOT_MAGIC  0xe85250d6
#define MULTIBOOT_LENGTH (multiboot_end - multiboot_begin)

#define CODE32 0x08
#define CODE64 0x10
#define DATA   0x18

/* tools/check_stack.py checks that they are large enough. */
#define STACK_SIZE      0x10000
#define CORE_STACK_SIZE 0x1000

/* As in print.h and console.h. */
#define BOOT_EXIT_PORT 0xf4
#define BOOT_EXIT_STOP 0x21
#define SERIAL_PORT    0x3f8

/* Offsets in struct core_start (start.h), asserted there. */
#define START_ROOT    0
#define START_ENTRY   8
#define START_CORE    16
#define START_ARRIVED 24

    .section .multiboot, "a"
    .balign 8
multiboot_begin:
    .long MULTIBOOT_MAGIC, 0, MULTIBOOT_LENGTH, -(MULTIBOOT_MAGIC + MULTIBOOT_LENGTH)
    .word 6, 0 /* modules on page boundaries */
    .long 8
    .word 0, 0 /* end */
    .long 8
multiboot_end:

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code */
    .quad 0x00af9b000000ffff /* 64-bit code */
    .quad 0x00cf93000000ffff /* data */
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .quad boot_gdt

/* From 32-bit protected mode to long mode; continues at \target. */
.macro ENTER_LONG_MODE target
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $identity_root, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP | CR0_NE), %eax
    movl %eax, %cr0
    ljmp $CODE64, $\target
.endm

.macro LOAD_DATA_SEGMENTS
    movl $DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
.endm

cpu_too_old:
    .asciz "[boot] stop: the CPU has no long mode or no no-execute pages\n"

    .text
    .code32
    .globl entry32
entry32:
    cli
    cld
    movl %eax, %ebp /* the loader's magic; ebx = its information block */
    lgdt boot_gdt_pointer
    ljmp $CODE32, $1f
1:  LOAD_DATA_SEGMENTS
    movl $boot_stack_end, %esp

    movl $CPUID_HIGH, %eax
    pushl %ebx
    cpuid
    cmpl $CPUID_HIGH_FEATURES, %eax
    jb refuse
    movl $CPUID_HIGH_FEATURES, %eax
    cpuid
    popl %ebx
    andl $(CPUID_81_EDX_LONG | CPUID_81_EDX_NX), %edx
    cmpl $(CPUID_81_EDX_LONG | CPUID_81_EDX_NX), %edx
    jne refuse

    /* The first 4 GiB with 2 MiB pages; identity_extend() adds the rest when CPU and memory are known. */
    movl $identity_pointers, %eax
    orl $3, %eax
    movl %eax, identity_root
    movl $identity_directories, %eax
    orl $3, %eax
    movl $identity_pointers, %edi
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    loop 2b
    movl $0x83, %eax /* present, writable, large */
    xorl %edx, %edx
    movl $identity_directories, %edi
    movl $2048, %ecx
3:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 3b
    ENTER_LONG_MODE entry64

/* Prints why on COM1, set up or not, and stops as boot_stop() of print.c does. */
refuse:
    movl $cpu_too_old, %esi
    movw $SERIAL_PORT, %dx
4:  lodsb
    testb %al, %al
    jz 5f
    outb %al, %dx
    jmp 4b
5:  movl $BOOT_EXIT_STOP, %eax
    movw $BOOT_EXIT_PORT, %dx
    outl %eax, %dx
    cli
    hlt
    jmp 5b

    .code64
entry64:
    movl $boot_stack_end, %esp
    movl %ebp, %edi
    movl %ebx, %esi
    xorl %ebp, %ebp
    call coordinator_main
6:  hlt
    jmp 6b

/* Copied to a page below 1 MiB; cs is that page's segment, so only the far jump's target is absolute. */
    .code16
    .globl trampoline_begin
trampoline_begin:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl trampoline_gdt_pointer - trampoline_begin
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $CODE32, $core_entry32
    .balign 4
trampoline_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
    .globl trampoline_end
trampoline_end:

    .code32
core_entry32:
    LOAD_DATA_SEGMENTS
    ENTER_LONG_MODE core_entry64

/* Cores arrive one at a time, so one stack serves them all: it is free again once `arrived` is set. That store is a release, as every store
 * on x86; it pairs with the acquire in core_arrives() of start.c. What the coordinator has written before it sends the start-up message is
 * seen by the core that the message starts. */
    .code64
core_entry64:
    movl $core_stack_end, %esp
    xorl %ebp, %ebp
    call core_find
    movq %rax, %rdi
    movl $1, START_ARRIVED(%rdi)

/* core_enter(struct core_start *): into the kernel of the core's cluster. */
    .globl core_enter
core_enter:
    movq START_ROOT(%rdi), %rax
    movq START_ENTRY(%rdi), %rcx
    movl START_CORE(%rdi), %edi
    movq %rax, %cr3
    jmp *%rcx

    .bss
    .balign 4096
    .globl identity_root, identity_pointers
identity_root:
    .skip 4096
identity_pointers: /* one page for each 512 GiB up to 32 TiB, see identity.c */
    .skip 4096 * 64
identity_directories:
    .skip 4096 * 4
    .skip STACK_SIZE
boot_stack_end:
    .skip CORE_STACK_SIZE
core_stack_end:

    .section .note.GNU-stack, "", @progbits
