/* SPDX-License-Identifier: MIT
 *
 * Processors. Each upcall into the kernel instance runs as a coroutine on a stack of its own, until it ends or waits in
 * a loop (machine_relax). So processors really wait for locks, and really serve the shootdowns that others ask for.
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
    bool direct_stale; /* may remember memory that has left the direct map since the last full flush */
    bool direct_owed;  /* it was so on entry to the kernel: must be flushed before the exit */
    struct upcall upcall;
    ucontext_t context;
};

struct core *cpu_core(const struct cpu *cpu); /* its state in the kernel instance */

/* The thread that it runs, in its cluster's direct map. The processor is in user mode. */
struct thread *cpu_thread(const struct cpu *cpu);

/* Begins an upcall and runs it to its first wait. The processor is not in the kernel. */
void cpu_enter(struct cpu *cpu, struct upcall upcall);

/* Continues an upcall that waits. */
void cpu_continue(struct cpu *cpu);

/* Called on a processor's stack: switches to the scheduler, and returns when it is this processor's turn again. */
void cpu_pause(void);

/* Makes the event pending at the processor with this APIC id. */
void cpu_post(uint32_t apic_id, enum machine_event event);

#endif
