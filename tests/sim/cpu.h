/* SPDX-License-Identifier: MIT
 *
 * Processors. Each upcall into its kernel copy is a coroutine on a stack of its own: it runs until it ends or takes a
 * turn in a wait loop (machine_relax), so locks are really waited for and shootdowns really served by the processors
 * that are asked.
 */
#ifndef R4_SIM_CPU_H
#define R4_SIM_CPU_H

#include "instance.h"
#include "tlb.h"

enum cpu_mode {
    CPU_HALTED, /* also before its start */
    CPU_USER,
    CPU_KERNEL /* an upcall is under way and waits for its turn */
};

enum upcall_kind { UPCALL_START, UPCALL_SYSCALL, UPCALL_EVENT, UPCALL_FAULT };

struct upcall {
    enum upcall_kind kind;
    uint64_t argument[6];
};

struct cpu {
    struct instance *instance;
    uint32_t index; /* in its cluster */
    uint32_t apic_id;
    enum cpu_mode mode;
    bool started;
    uint32_t pending;  /* bit per machine_event */
    uint64_t deadline; /* of the timer, in ticks; 0: stopped */
    uint64_t fpu;      /* the FPU register */
    struct tlb tlb;
    bool direct_stale; /* may remember memory that has left the direct map since its last flush of everything */
    bool direct_owed;  /* it did so when it entered the kernel: not to be taken along on the way out */
    struct upcall upcall;
    ucontext_t context;
};

struct core *cpu_core(const struct cpu *cpu); /* the kernel copy's state of it */

/* The thread whose registers it runs, in its cluster's direct map; it is in user mode. */
struct thread *cpu_thread(const struct cpu *cpu);

/* Begins an upcall and runs it to its first wait. The processor is not in the kernel. */
void cpu_enter(struct cpu *cpu, struct upcall upcall);

/* Goes on with an upcall that waits. */
void cpu_continue(struct cpu *cpu);

/* Called on a processor's stack: back to the scheduler, until it is this one's turn again. */
void cpu_pause(void);

/* The event will come to the processor with this APIC id. */
void cpu_post(uint32_t apic_id, enum machine_event event);

#endif
