/* SPDX-License-Identifier: MIT
 *
 * machine.h for the simulated machine: the kernel instances call it, for the processor whose upcall runs. Interrupts
 * are bits that the scheduler delivers at any time. Some functions let other processors run meanwhile, as they do on a
 * real machine.
 */
#include "check.h"
#include "cpu.h"
#include "memory.h"
#include "object/thread.h"
#include "oracle_result.h"
#include "program.h"
#include <r4/contract.h>
#include <stdio.h>
#include <string.h>

#define MACHINE_LINE       256U
#define MACHINE_INTERLEAVE 16U /* one call in this many lets others run */

static void interleave(void) {
    if (!sim.steady && sim_chance(MACHINE_INTERLEAVE)) {
        cpu_pause();
    }
}

struct core *machine_core(void) {
    return cpu_core(sim.running);
}
uint64_t machine_now(void) { return ++sim.now; }
void machine_relax(void) { cpu_pause(); }
void machine_resume(struct machine_regs *regs) { cpu_core(sim.running)->machine.regs = regs; }

void machine_regs_start(struct machine_regs *regs, uint64_t entry, uint64_t stack, uint64_t argument) {
    *regs = (struct machine_regs){.rip = entry, .rsp = stack, .rdi = argument};
}

void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value) {
    regs->rax = error;
    regs->rdx = value;
    oracle_result_answered(regs, error);
}

/* As if the instruction pointer were at the `syscall` again; rcx tells program.c so. */
void machine_regs_restart(struct machine_regs *regs, const uint64_t call[6]) {
    regs->rdi = call[0];
    regs->rsi = call[1];
    regs->rdx = call[2];
    regs->r10 = call[3];
    regs->r8 = call[4];
    regs->r9 = call[5];
    regs->rcx = 1;
}

/* The processor has the lock. */
void machine_regs_go_on(struct machine_regs *regs) {
    regs->rcx = 0;
    oracle_result_begin(sim.running, cpu_core(sim.running)->current, program_call(regs));
}

uint64_t machine_regs_ip(const struct machine_regs *regs) { return regs->rip; }
uint64_t machine_regs_sp(const struct machine_regs *regs) { return regs->rsp; }

void machine_fpu_init(void *area) { memset(area, 0, MACHINE_FPU_SIZE); }
void machine_fpu_save(void *area) { memcpy(area, &sim.running->fpu, sizeof(sim.running->fpu)); }
void machine_fpu_load(const void *area) { memcpy(&sim.running->fpu, area, sizeof(sim.running->fpu)); }

void machine_timer_set(uint64_t deadline) { sim.running->deadline = deadline; }
void machine_timer_stop(void) { sim.running->deadline = 0; }

void machine_send(uint32_t apic_id, enum machine_event event) {
    cpu_post(apic_id, event);
    interleave();
}

/* An event that is invented here is really delivered: a stray timer interrupt may come at any time. */
bool machine_event_pending(void) {
    interleave();
    if (sim.running->pending == 0 && sim_chance(sim.preempt)) {
        sim.running->pending |= 1U << MACHINE_TIMER;
    }
    return sim.running->pending != 0;
}

void machine_space_init(void *pml4) { (void)pml4; } /* the kernel half of all address spaces is this process */
void machine_space_load(phys_t root) { tlb_load(&sim.running->tlb, root); }
void machine_space_load_kernel(void) { tlb_load(&sim.running->tlb, 0); }
void machine_flush_user(void) { tlb_flush(&sim.running->tlb); }

void machine_flush_all(void) {
    tlb_flush(&sim.running->tlb);
    sim.running->direct_stale = false;
    sim.running->direct_owed = false;
}

void machine_direct_map(phys_t base, uint64_t size, bool present) {
    const struct instance *instance = sim.running->instance;
    check_unreachable(instance, base, size);
    for (uint32_t i = 0; i < instance->layout.core_count && !present; i++) {
        instance->cpus[i].direct_stale = true;
    }
    memory_present(instance->number, base, size, present);
}

/* Used for new objects, and for a page table that is mapped. */
void machine_zero(void *memory, size_t size) {
    const struct instance *instance = sim.running->instance;
    check_zero(sim.running, (uintptr_t)memory - instance->direct, size);
    memset(memory, 0, size);
}

/* It is often busy. */
uint32_t machine_console_room(void) { return sim_chance(2) ? 0 : 1 + (uint32_t)sim_random(16); }

/* Lines arrive whole, one after the other; only a dead owner's line may be cut off. */
void machine_console_write(const char *text, size_t length) {
    static char line[MACHINE_LINE];
    static size_t used;
    if (sim.running->instance != check_console_owner()) {
        sim_fail("console", "cluster %u writes to the console, cluster %u owns it", sim.running->instance->number,
                 check_console_owner()->number);
    }
    for (size_t i = 0; i < length; i++) {
        line[used++] = text[i];
        if (text[i] != '\n' && used < sizeof(line)) {
            continue;
        }
        if (sim.doom == 0 && (line[0] != '[' || line[used - 1] != '\n')) {
            sim_fail("console", "not a whole line: %.*s", (int)used, line);
        }
        if (sim.options.trace) {
            fwrite(line, 1, used, stdout);
        }
        used = 0;
    }
}

void machine_backtrace(uint64_t *frames, size_t count) { memset(frames, 0, count * sizeof(*frames)); }

/* The kernel has written its last words: they are the finding. */
void machine_stop_others(void) {
    sim_fail("panic", "cluster %u: %s", sim.running->instance->number, sim.running->instance->header->panic.text);
}

/* Contracts of the pure functions that the simulator itself calls. In a kernel instance a broken contract is a panic.
 */
void contract_failed(const char *condition, const char *file, int line) {
    sim_fail("contract", "%s:%d: %s", file, line, condition);
}

void machine_stop(void) { sim_fail("panic", "cluster %u stops a core", sim.running->instance->number); }
void machine_exit(uint32_t code) {
    sim_fail("end", "cluster %u ends the machine with %x", sim.running->instance->number, code);
}
