/* SPDX-License-Identifier: MIT
 *
 * The coroutine of a processor never ends: it runs the upcall that cpu_enter() left for it, and switches back to the
 * scheduler.
 */
#include "cpu.h"
#include "object/thread.h"
#include <sys/mman.h>

#define CPU_STACK (256U << 10)

struct core *cpu_core(const struct cpu *cpu) {
    uint64_t area = cpu->instance->layout.virtual_base + R4_AREA_CORES;
    return (struct core *)(area + (uint64_t)cpu->index * R4_CORE_STRIDE + R4_CORE_OFFSET);
}

struct thread *cpu_thread(const struct cpu *cpu) {
    return (struct thread *)((char *)cpu_core(cpu)->machine.regs - offsetof(struct thread, saved));
}

static void upcall_run(const struct cpu *cpu) {
    const struct instance *instance = cpu->instance;
    const uint64_t *argument = cpu->upcall.argument;
    switch (cpu->upcall.kind) {
    case UPCALL_START:
        instance->start(cpu->index);
        break;
    case UPCALL_SYSCALL:
        instance->syscall(argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
        break;
    case UPCALL_EVENT:
        instance->event((enum machine_event)argument[0]);
        break;
    case UPCALL_FAULT:
        instance->fault(argument[0], argument[1], argument[2]);
        break;
    }
}

static void cpu_loop(void) {
    struct cpu *cpu = sim.running;
    for (;;) {
        upcall_run(cpu);
        cpu->mode = cpu_core(cpu)->machine.regs == NULL ? CPU_HALTED : CPU_USER;
        swapcontext(&cpu->context, &sim.scheduler);
    }
}

static void cpu_stack_create(struct cpu *cpu) {
    void *stack = mmap(NULL, CPU_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || getcontext(&cpu->context) != 0) {
        sim_fail("host", "no stack for a processor");
    }
    cpu->context.uc_stack.ss_sp = stack;
    cpu->context.uc_stack.ss_size = CPU_STACK;
    makecontext(&cpu->context, cpu_loop, 0);
}

void cpu_continue(struct cpu *cpu) {
    sim.running = cpu;
    swapcontext(&sim.scheduler, &cpu->context);
    sim.running = NULL;
}

void cpu_enter(struct cpu *cpu, struct upcall upcall) {
    if (!cpu->started) {
        cpu_stack_create(cpu);
        cpu->started = true;
    }
    cpu->mode = CPU_KERNEL;
    cpu->upcall = upcall;
    cpu->direct_owed = cpu->direct_stale;
    cpu_continue(cpu);
}

void cpu_pause(void) { swapcontext(&sim.running->context, &sim.scheduler); }

void cpu_post(uint32_t apic_id, enum machine_event event) {
    for (uint32_t i = 0; i < sim.cpu_count; i++) {
        struct cpu *cpu = &sim.cpus[i];
        if (cpu->apic_id == apic_id) {
            if (event < MACHINE_DOORBELL && sim.running != NULL && cpu->instance != sim.running->instance) {
                sim_fail("locality", "cluster %u sends event %u to cluster %u", sim.running->instance->number, event,
                         cpu->instance->number);
            }
            cpu->pending |= 1U << event;
            return;
        }
    }
    sim_fail("locality", "an interrupt to APIC id %u, which no processor has", apic_id);
}
