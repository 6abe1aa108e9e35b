/* SPDX-License-Identifier: MIT
 *
 * machine.h for the search. Time stands still but for the ends of slices, the console writes nothing, no thread has
 * anything in its FPU. What is shared between clusters, interrupts included, goes through access.h.
 */
#include "access.h"
#include "check.h"
#include "cpu.h"
#include "memory.h"
#include "object/thread.h"
#include <r4/contract.h>
#include <string.h>

struct core *machine_core(void) {
    return cpu_core(sim.running);
}
uint64_t machine_now(void) { return sim.now; }
void machine_relax(void) { cpu_pause(); }
void machine_resume(struct machine_regs *regs) { cpu_core(sim.running)->machine.regs = regs; }

void machine_regs_start(struct machine_regs *regs, uint64_t entry, uint64_t stack, uint64_t argument) {
    *regs = (struct machine_regs){.rip = entry, .rsp = stack, .rdi = argument};
}

void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value) {
    regs->rax = error;
    regs->rdx = value;
}

/* A cluster has one core: its lock is free when a call begins. */
void machine_regs_restart(struct machine_regs *regs, const uint64_t call[6]) {
    (void)regs;
    (void)call;
    sim_fail("one core", "cluster %u waits for its lock", sim.running->instance->number);
}
void machine_regs_go_on(struct machine_regs *regs) { (void)regs; }

uint64_t machine_regs_ip(const struct machine_regs *regs) { return regs->rip; }
uint64_t machine_regs_sp(const struct machine_regs *regs) { return regs->rsp; }

void machine_fpu_init(void *area) { memset(area, 0, MACHINE_FPU_SIZE); }
void machine_fpu_save(void *area) { (void)area; }
void machine_fpu_load(const void *area) { (void)area; }

void machine_timer_set(uint64_t deadline) { sim.running->deadline = deadline; }
void machine_timer_stop(void) { sim.running->deadline = 0; }

void machine_send(uint32_t apic_id, enum machine_event event) {
    access_send(apic_id);
    cpu_post(apic_id, event);
}

bool machine_event_pending(void) {
    access_look();
    return sim.running->pending != 0;
}

void machine_space_init(void *pml4) { (void)pml4; }
void machine_space_load(phys_t root) { tlb_load(&sim.running->tlb, root); }
void machine_space_load_kernel(void) { tlb_load(&sim.running->tlb, 0); }
void machine_flush_user(void) { tlb_flush(&sim.running->tlb); }

void machine_flush_all(void) {
    tlb_flush(&sim.running->tlb);
    sim.running->direct_stale = false;
    sim.running->direct_owed = false;
}

void machine_direct_map(phys_t base, uint64_t size, bool present) {
    struct cpu *cpu = sim.running;
    check_unreachable(cpu->instance, base, size);
    cpu->direct_stale = cpu->direct_stale || !present;
    memory_present(cpu->instance->number, base, size, present);
}

void machine_zero(void *memory, size_t size) { memset(memory, 0, size); }
uint32_t machine_console_room(void) { return 16; }
void machine_console_write(const char *text, size_t length) {
    (void)text;
    (void)length;
}
void machine_backtrace(uint64_t *frames, size_t count) { memset(frames, 0, count * sizeof(*frames)); }

void machine_stop_others(void) {
    sim_fail("panic", "cluster %u: %s", sim.running->instance->number, sim.running->instance->header->panic.text);
}
void contract_failed(const char *condition, const char *file, int line) {
    sim_fail("contract", "%s:%d: %s", file, line, condition);
}
void machine_stop(void) { sim_fail("panic", "cluster %u stops", sim.running->instance->number); }
void machine_exit(uint32_t code) {
    sim_fail("end", "cluster %u ends the machine with %x", sim.running->instance->number, code);
}
