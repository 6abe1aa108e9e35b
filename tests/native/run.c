/* SPDX-License-Identifier: MIT
 *
 * One core: a thread that is in a kernel, in the program, or halted.
 */
#define _GNU_SOURCE
#include "native.h"
#include "object/pd.h"
#include "object/thread.h"
#include "pure/compiler.h"
#include "pure/paging.h"
#include <asm/prctl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread struct native_core *self;

struct native_core *native_self(void) {
    return self;
}

static void pin(uint32_t processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        native_fail("cannot run on processor", processor);
    }
}

static void info_find(struct native_copy *copy, const struct native_core *core) {
    const struct pd *pd = core->core->current->pd;
    const uint64_t *entry = paging_entry(copy->layout.direct_map, pd->root, R4_ROOT_INFO, 1);
    copy->info = (const struct r4_root_info *)(copy->layout.direct_map + (*entry & PAGING_ADDRESS));
}

void native_start(struct native_core *core) {
    struct native_copy *copy = core->copy;
    uint32_t index = (uint32_t)(core - copy->cores);
    struct machine_core *machine = (struct machine_core *)core->core;
    pin(core->processor);
    self = core;
    machine->self = machine;
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, machine) != 0) {
        native_fail("cannot set gs to", (uintptr_t)machine);
    }
    copy->start(index);
    while (!native_in_user_mode(core)) {
        native_turn(core);
    }
    if (index == 0) {
        info_find(copy, core);
    }
}

/* What doorbell_answer() would find. */
static bool has_rung(const struct native_copy *copy, uint32_t number) {
    const struct peer *peer = copy->cluster->peers[number];
    uint32_t rung = atomic_load_explicit(&peer->in.ring->rung, memory_order_relaxed);
    return ring_has_message(&peer->in) || rung != copy->cluster->answered[number];
}

static void rings_poll(const struct native_copy *copy) {
    for (uint32_t number = 0; number < native.cluster_count; number++) {
        if (number != copy->number && has_rung(copy, number)) {
            copy->event(machine_doorbell(number));
        }
    }
}

void native_turn(struct native_core *core) {
    if (core->wait == NATIVE_BY_POLLING && core->copy->cluster->linked) {
        rings_poll(core->copy);
    }
    if (atomic_load_explicit(&core->events, memory_order_relaxed) == 0) {
        machine_relax();
        return;
    }
    /* Pairs with machine_send(): what was stored before the event is visible. */
    uint32_t events = atomic_exchange_explicit(&core->events, 0, memory_order_acquire);
    for (; events != 0; events &= events - 1) {
        core->copy->event((enum machine_event)__builtin_ctz(events));
    }
}

/* kernel_syscall() keeps only rbp and rsp: entry.S saves the others. A function of its own, so that nothing is kept in
 * vector registers either. */
static noinline void enter(void *entry, uint64_t cap, uint64_t operation, const uint64_t argument[4]) {
    uint64_t a0 = argument[0];
    uint64_t a1 = argument[1];
    register uint64_t r8 __asm__("r8") = argument[2];
    register uint64_t r9 __asm__("r9") = argument[3];
    __asm__ volatile("call *%%rax"
                     : "+a"(entry), "+D"(cap), "+S"(operation), "+d"(a0), "+c"(a1), "+r"(r8), "+r"(r9)
                     :
                     : "rbx", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
}

struct native_result native_call(struct native_core *core, uint64_t cap, enum r4_operation operation,
                                 const uint64_t argument[4]) {
    struct machine_regs *registers = ((struct machine_core *)core->core)->regs;
    do {
        registers->rcx = 0;
        enter(core->copy->syscall, cap, operation, argument);
        while (!native_in_user_mode(core)) {
            native_turn(core);
        }
    } while (registers->rcx != 0);
    return (struct native_result){registers->rax, registers->rdx};
}
