/* SPDX-License-Identifier: MIT
 *
 * machine.h for kernels at real speed: what it does not define inline. Interrupts are bits of a word that its core
 * polls. There is no timer: no two threads share a core.
 */
#include "hosted.h"
#include "native.h"
#include "object/thread.h"
#include <r4/contract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void native_fail(const char *what, uint64_t number) {
    fprintf(stderr, "native: %s %lx\n", what, number);
    exit(1);
}

void hosted_fail(const char *what, const char *which) {
    fprintf(stderr, "native: %s: %s\n", what, which);
    exit(1);
}

void machine_regs_start(struct machine_regs *regs, uint64_t entry, uint64_t stack, uint64_t argument) {
    *regs = (struct machine_regs){.rip = entry, .rsp = stack, .rdi = argument};
}

/* rcx tells native_call() that the call is to be made again. */
void machine_regs_restart(struct machine_regs *regs, const uint64_t call[6]) {
    (void)call;
    regs->rcx = 1;
}

void machine_regs_go_on(struct machine_regs *regs) { regs->rcx = 0; }

/* A state that can be loaded: this thread's own. */
void machine_fpu_init(void *area) { __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory"); }
void machine_fpu_save(void *area) { __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory"); }
void machine_fpu_load(const void *area) { __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory"); }

void machine_timer_set(uint64_t deadline) { (void)deadline; }
void machine_timer_stop(void) {}

/* Pairs with native_turn(). A receiver that polls its rings needs no doorbell. */
void machine_send(uint32_t apic_id, enum machine_event event) {
    struct native_core *target = &native.cores[apic_id];
    if (event < MACHINE_DOORBELL || target->wait == NATIVE_BY_WORD) {
        atomic_fetch_or_explicit(&target->events, 1U << event, memory_order_release);
    }
}

bool machine_event_pending(void) { return atomic_load_explicit(&native_self()->events, memory_order_relaxed) != 0; }

void machine_space_init(void *pml4) { (void)pml4; } /* the kernel half of all address spaces is this process */
void machine_space_load(phys_t root) { (void)root; }
void machine_space_load_kernel(void) {}
void machine_flush_user(void) {}
void machine_flush_all(void) {}

void machine_direct_map(phys_t base, uint64_t size, bool present) {
    for (uint64_t page = base / R4_LARGE_SIZE; page < (base + size) / R4_LARGE_SIZE; page++) {
        *(volatile uint64_t *)&native_self()->copy->directory[page] = present;
    }
}

uint32_t machine_console_room(void) { return UINT32_MAX; }
void machine_console_write(const char *text, size_t length) {
    (void)text;
    (void)length;
}

void machine_backtrace(uint64_t *frames, size_t count) { memset(frames, 0, count * sizeof(*frames)); }

/* The kernel has written its last words. */
void machine_stop_others(void) {
    const struct native_copy *copy = native_self()->copy;
    const struct r4_header *header = (const struct r4_header *)(copy->layout.virtual_base + R4_AREA_HEADER);
    fprintf(stderr, "native: cluster %u: %s\n", copy->number, header->panic.text);
    exit(1);
}

void contract_failed(const char *condition, const char *where, int line) {
    fprintf(stderr, "native: contract: %s (%s:%d)\n", condition, where, line);
    exit(1);
}

void machine_stop(void) { native_fail("a core stops", 0); }
void machine_exit(uint32_t code) { native_fail("the machine ends with", code); }
