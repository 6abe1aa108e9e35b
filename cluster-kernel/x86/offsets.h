/* SPDX-License-Identifier: MIT
 *
 * Numbers that entry.S shares with C: offsets into structures (start.c asserts each), selectors of the GDT, vectors.
 */
#ifndef R4_KERNEL_OFFSETS_H
#define R4_KERNEL_OFFSETS_H

/* struct machine_core */
#define CORE_SELF        0
#define CORE_REGS        8
#define CORE_STACK       16
#define CORE_FAULT_STACK 24
#define CORE_HAS_SMAP    32

/* Stack and struct core of a core are in one aligned stride, see R4_AREA_CORES. */
#define CORE_STRIDE_BITS 16
#define CORE_OFFSET      0x8000

/* struct machine_regs */
#define REGS_RAX          0
#define REGS_RBX          8
#define REGS_RCX          16
#define REGS_RDX          24
#define REGS_RSI          32
#define REGS_RDI          40
#define REGS_RBP          48
#define REGS_RSP          56
#define REGS_R8           64
#define REGS_R9           72
#define REGS_R10          80
#define REGS_R11          88
#define REGS_R12          96
#define REGS_R13          104
#define REGS_R14          112
#define REGS_R15          120
#define REGS_RIP          128
#define REGS_RFLAGS       136
#define REGS_FROM_SYSCALL 144

/* struct r4_boot_info */
#define BOOT_INFO_KERNEL_ROOT 40

/* R4_USER_END */
#define USER_END 0x7ffffffff000

/* SYSCALL takes kernel code and data, SYSRET user data and code, in this order (SDM volume 3, 5.8.8). */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA   0x1b
#define SELECTOR_USER_CODE   0x23
#define SELECTOR_TSS         0x28

/* The events' vectors are VECTOR_EVENTS + enum machine_event, the same in every cluster. They share the highest
 * priority class and one word of the APIC's request register. All other vectors, except the exceptions and the spurious
 * one, are not used. */
#define VECTOR_EVENTS   0xf0
#define VECTOR_SPURIOUS 0xff

#define STUB_SIZE   16 /* of each entry in fault_stubs and event_stubs */
#define EVENT_STUBS 11 /* MACHINE_EVENT_COUNT */

#endif
