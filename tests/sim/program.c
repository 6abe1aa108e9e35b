/* SPDX-License-Identifier: MIT
 *
 * A thread keeps its own state in registers that a system call leaves alone: rbx names the call whose answer it waits
 * for (0: none), r14 is 1 once it has run, r15 is what its FPU must hold.
 */
#include "program.h"
#include "cap_scan.h"
#include "memory.h"
#include "names.h"
#include "object/thread.h"
#include "oracle_result.h"
#include "proxies.h"
#include "stores.h"
#include <string.h>

#define PROGRAM_CALLS      8192U /* remembered at a time; each thread has one under way at most */
#define PROGRAM_UNANSWERED UINT64_MAX
#define PROGRAM_PAGE_FAULT 14U
#define PROGRAM_UNDEFINED  6U

struct record { /* of a call under way */
    struct call call;
    uint64_t step;
};

static struct record records[PROGRAM_CALLS];
static uint64_t record_count;

static const char *const names[R4_OP_COUNT] = {
    [R4_OP_CAP_COPY] = "copy",
    [R4_OP_CAP_LINK] = "link",
    [R4_OP_CAP_MOVE] = "move",
    [R4_OP_CAP_DELETE] = "delete",
    [R4_OP_CAP_REVOKE] = "revoke",
    [R4_OP_CAP_INSPECT] = "inspect",
    [R4_OP_UNTYPED_RETYPE] = "retype",
    [R4_OP_FRAME_MAP] = "frame_map",
    [R4_OP_FRAME_MAP_PROXIES] = "frame_map_proxies",
    [R4_OP_FRAME_PROTECT] = "frame_protect",
    [R4_OP_FRAME_UNMAP] = "frame_unmap",
    [R4_OP_PAGE_TABLE_MAP] = "page_table_map",
    [R4_OP_PAGE_TABLE_UNMAP] = "page_table_unmap",
    [R4_OP_CAP_PAGE_MAP] = "cap_page_map",
    [R4_OP_CAP_PAGE_UNMAP] = "cap_page_unmap",
    [R4_OP_THREAD_CONFIGURE] = "thread_configure",
    [R4_OP_THREAD_SCHEDULE] = "thread_schedule",
    [R4_OP_THREAD_START] = "thread_start",
    [R4_OP_THREAD_STOP] = "thread_stop",
    [R4_OP_PEER_POST] = "peer_post",
    [R4_OP_PEER_HANDOFF] = "peer_handoff",
    [R4_OP_ASID_POOL_ASSIGN] = "asid_pool_assign",
    [R4_OP_DEBUG_WRITE] = "debug_write",
    [R4_OP_DEBUG_MILESTONE] = "debug_milestone",
    [R4_OP_DEBUG_WAIT] = "debug_wait",
    [R4_OP_DEBUG_STAT] = "debug_stat",
    [R4_OP_DEBUG_EXIT] = "debug_exit",
};

const char *program_operation_name(uint64_t operation) {
    return operation < R4_OP_COUNT ? names[operation] : "nonsense";
}

/* True if the frame that the retype created is still there: others may have taken it before its caller ran again. */
static bool frame_exists(const struct instance *instance, const struct thread *thread, const struct call *call) {
    uint64_t index = call->argument[2];
    const struct r4_slot *slot =
        index > r4_cap_index_max() ? NULL : window_slot(instance->direct, &thread->pd->window, index);
    return slot != NULL && slot_type(slot) == R4_CAP_FRAME && (slot_flags(slot) & R4_FLAG_ORIGINAL) != 0 &&
           slot_object(slot) == call->object && slot_size_log2(slot) == r4_retype_size_log2_get(call->argument[0]);
}

/* A new frame is zero, except for pages to which user threads have written since the call. */
static void frame_check(const struct instance *instance, const struct record *record) {
    uint64_t size = 1ULL << r4_retype_size_log2_get(record->call.argument[0]);
    for (uint64_t at = 0; at < size; at += R4_PAGE_SIZE) {
        phys_t page = record->call.object + at;
        const uint64_t *words = memory_host(page);
        for (uint32_t i = 0; i < R4_PAGE_SIZE / 8 && stores_last(page) < record->step; i++) {
            if (words[i] != 0) {
                sim_fail("new objects are zero", "cluster %u: frame %lx has %lx at %lx", instance->number,
                         record->call.object, words[i], page + i * 8);
            }
        }
    }
}

static void answer_check(const struct cpu *cpu, const struct thread *thread, const struct machine_regs *regs) {
    const struct record *record = &records[regs->rbx % PROGRAM_CALLS];
    const struct call *call = &record->call;
    if (regs->rax >= R4_ERROR_COUNT) {
        sim_fail("calls are answered", "cluster %u: %s called at step %lu by the thread at %lx: result %lx",
                 cpu->instance->number, program_operation_name(call->operation), record->step,
                 (uintptr_t)thread - cpu->instance->direct, regs->rax);
    }
    sim_note("c%u.%u thread %lx: %s of step %lu: %s", cpu->instance->number, cpu->index,
             (uintptr_t)thread - cpu->instance->direct, program_operation_name(call->operation), record->step,
             r4_error_name((enum r4_error)regs->rax));
    if (call->operation < R4_OP_COUNT) {
        sim_count(&sim_totals->calls[call->operation], 1);
        sim_count(&sim_totals->successes[call->operation], regs->rax == R4_OK);
    }
    if (regs->rax == R4_OK && call->operation == R4_OP_UNTYPED_RETYPE &&
        r4_retype_type_get(call->argument[0]) == R4_CAP_FRAME && frame_exists(cpu->instance, thread, call)) {
        frame_check(cpu->instance, record);
    }
}

static void fpu_check(struct cpu *cpu, struct machine_regs *regs) {
    if (regs->r14 != 0 && cpu->fpu != regs->r15) {
        sim_fail("a thread keeps its FPU", "c%u.%u: %lx instead of %lx", cpu->instance->number, cpu->index, cpu->fpu,
                 regs->r15);
    }
    regs->r14 = 1;
    regs->r15 = sim_random(UINT32_MAX);
    cpu->fpu = regs->r15;
}

const struct call *program_call(const struct machine_regs *regs) { return &records[regs->rbx % PROGRAM_CALLS].call; }

static void call_enter(struct cpu *cpu, struct machine_regs *regs, const struct call *call) {
    const uint64_t *argument = call->argument;
    regs->rax = PROGRAM_UNANSWERED;
    regs->from_syscall = 1;
    if (instance_is_calm(cpu->instance)) {
        oracle_result_begin(cpu, cpu_thread(cpu), call);
    }
    cpu_enter(cpu, (struct upcall){UPCALL_SYSCALL,
                                   {call->cap, call->operation, argument[0], argument[1], argument[2], argument[3]}});
}

/* The thread was taken off its core before its call began: it makes the call again. */
static void call_again(struct cpu *cpu, struct machine_regs *regs) {
    const struct call *call = &records[regs->rbx % PROGRAM_CALLS].call;
    const uint64_t *argument = call->argument;
    if (regs->rdi != call->cap || regs->rsi != call->operation || regs->rdx != argument[0] ||
        regs->r10 != argument[1] || regs->r8 != argument[2] || regs->r9 != argument[3]) {
        sim_fail("calls are answered", "c%u.%u: %s is made again with other arguments", cpu->instance->number,
                 cpu->index, program_operation_name(call->operation));
    }
    sim_note("c%u.%u makes the call again: %s", cpu->instance->number, cpu->index,
             program_operation_name(call->operation));
    sim_count(&sim_totals->again, 1);
    regs->rcx = 0;
    call_enter(cpu, regs, call);
}

static void call_new(struct cpu *cpu, struct thread *thread, struct machine_regs *regs) {
    struct call call = generator_call(cpu->instance, thread);
    const uint64_t *argument = call.argument;
    uint64_t id = ++record_count;
    records[id % PROGRAM_CALLS] = (struct record){call, sim.step};
    regs->rbx = id;
    sim_note("c%u.%u thread %lx of %x calls %s(%lx, %lx, %lx, %lx, %lx)", cpu->instance->number, cpu->index,
             (uintptr_t)thread - cpu->instance->direct, thread->pd->window.name, program_operation_name(call.operation),
             call.cap, argument[0], argument[1], argument[2], argument[3]);
    call_enter(cpu, regs, &call);
}

/* An exception, which stops the thread. */
static void fault(struct cpu *cpu, uint64_t vector, uint64_t address) {
    if (generator_is_root(cpu->instance, cpu_thread(cpu))) {
        return;
    }
    sim_note("c%u.%u fault %lu at %lx", cpu->instance->number, cpu->index, vector, address);
    sim_count(&sim_totals->faults, 1);
    cpu_enter(cpu, (struct upcall){UPCALL_FAULT, {vector, 0, address}});
}

static void touch(struct cpu *cpu) {
    uint64_t address;
    if (!stores_touch(cpu, &address) && sim_chance(16)) {
        fault(cpu, PROGRAM_PAGE_FAULT, address);
    }
}

void program_step(struct cpu *cpu) {
    struct thread *thread = cpu_thread(cpu);
    struct machine_regs *regs = &thread->saved;
    if (regs->rcx != 0) {
        fpu_check(cpu, regs);
        call_again(cpu, regs);
        return;
    }
    if (regs->rbx != 0) {
        answer_check(cpu, thread, regs);
        regs->rbx = 0;
    }
    if (regs->r14 == 0 && generator_is_root(cpu->instance, thread)) {
        cap_scan_remember(cpu->instance);
        names_age(cpu->instance);
    }
    fpu_check(cpu, regs);
    uint64_t what = sim_random(100);
    if (what < 75) {
        call_new(cpu, thread, regs);
    } else if (what < 99) {
        if (sim_chance(3) || !proxies_step(cpu)) {
            touch(cpu);
        }
    } else {
        fault(cpu, PROGRAM_UNDEFINED, 0);
    }
}
