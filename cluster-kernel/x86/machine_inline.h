/* SPDX-License-Identifier: MIT
 *
 * The x86-64 part of machine.h that is inline or a type: the per-core state of the machine, and what the system call
 * path calls. While the kernel runs, gs points to the core's struct core; in user mode gs is the user's, and the
 * kernel's base is in the MSR that swapgs exchanges. Included by machine.h alone.
 */
#ifndef R4_KERNEL_MACHINE_INLINE_H
#define R4_KERNEL_MACHINE_INLINE_H

#include "machine_regs.h"
#include "offsets.h"
#include <r4/layout.h>
#include <x86/instructions.h>
#include <x86/linker_constants.h>

struct core;

/* Bytes for x87, SSE, AVX and AVX-512 in the standard format (SDM volume 1, 13.4.3: 2,688 bytes), in whole cache
 * lines. */
#define MACHINE_FPU_SIZE 2816U

struct machine_tss { /* SDM volume 3, figure 8-11 */
    uint32_t reserved0;
    uint64_t stack[3]; /* rsp for a change to ring 0, 1, 2 */
    uint64_t reserved1;
    uint64_t interrupt_stack[7]; /* IST 1 to 7 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map; /* beyond the limit: no port is open to user mode */
} __attribute__((packed));
R4_SIZE(struct machine_tss, 104);

struct machine_gate { /* SDM volume 3, figure 6-8 */
    uint16_t offset_low;
    uint16_t selector;
    uint8_t interrupt_stack;
    uint8_t attributes;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
R4_SIZE(struct machine_gate, 16);

enum machine_fpu_kind { MACHINE_FPU_FXSAVE, MACHINE_FPU_XSAVE, MACHINE_FPU_XSAVEOPT };

#define MACHINE_GDT_ENTRIES    7U /* null, four segments, and a TSS descriptor of two entries */
#define MACHINE_GATES          256U
#define MACHINE_EMERGENCY_SIZE 8192U

/* Written by its own core only; machine_stop_others() reads `started` of others. The tables are per core, so that no
 * core waits for another at its start. */
struct machine_core {
    struct machine_core *self; /* at gs:0, also the top of the kernel stack, which grows down from here */
    struct machine_regs *regs; /* what to return to, and where the next entry from user mode saves; null: halt */
    uint64_t stack;            /* the kernel stack's top */
    uint64_t fault_stack;      /* rsp at a fault inside the kernel; zero if there was none */
    uint32_t has_smap;
    bool has_fsgsbase;
    _Atomic bool started; /* it has its NMI gate (start.c) */
    enum machine_fpu_kind fpu;
    uint32_t index;    /* in the cluster */
    uint64_t deadline; /* of the timer, in ticks; zero: stopped */
    struct machine_tss tss;
    uint64_t gdt[MACHINE_GDT_ENTRIES];
    struct machine_gate idt[MACHINE_GATES];
    _Alignas(16) uint8_t nmi_stack[64]; /* the handler halts for ever, so one hardware frame is enough */
    /* For double fault and machine check; the core panics on this stack. */
    _Alignas(16) uint8_t emergency_stack[MACHINE_EMERGENCY_SIZE];
};

/* Not volatile: an upcall runs on one core to its end. */
static inline struct machine_core *machine_own(void) {
    struct machine_core *own;
    __asm__("movq %%gs:%c1, %0" : "=r"(own) : "i"(CORE_SELF));
    return own;
}

static inline struct core *machine_core(void) { return (struct core *)machine_own(); }
static inline uint64_t machine_now(void) { return x86_rdtsc(); }
static inline void machine_relax(void) { x86_pause(); }
static inline uintptr_t machine_direct(void) { return LINKER_CONSTANT_64(r4_linker_direct_map); }

static inline void machine_resume(struct machine_regs *regs) {
    __asm__ volatile("movq %0, %%gs:%c1" : : "r"(regs), "i"(CORE_REGS) : "memory");
}

static inline void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value) {
    regs->rax = error;
    regs->rdx = value;
}

static inline uint64_t machine_regs_ip(const struct machine_regs *regs) { return regs->rip; }
static inline uint64_t machine_regs_sp(const struct machine_regs *regs) { return regs->rsp; }

static inline void machine_flush_user(void) { x86_write_cr3(x86_read_cr3()); }

static inline void machine_zero(void *memory, size_t size) {
    size_t words = size / sizeof(uint64_t);
    __asm__ volatile("rep stosq" : "+D"(memory), "+c"(words) : "a"(0UL) : "memory");
}

#endif
