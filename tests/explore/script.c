/* SPDX-License-Identifier: MIT
 *
 * Each thread makes its calls in their order, each when the calls that it comes after are answered. The scenarios are
 * in scenarios.c.
 */
#define _GNU_SOURCE
#include "script.h"
#include "audit.h"
#include "cap_scan.h"
#include "check.h"
#include "ends.h"
#include "memory.h"
#include "object/thread.h"
#include "pure/operation.h"
#include "scenarios.h"
#include "state.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define SCRIPT_STACK      (16U << 10) /* of a processor's stack, at its top, is part of the state */
#define SCRIPT_UNANSWERED UINT64_MAX
#define SCRIPT_PRIORITY   200U /* of peers: above that of all threads */

static const struct scenario *scenario;
static int victim;
static struct script_state state;
static struct places places[ACCESS_CLUSTERS];

bool script_choose(const char *name, int killed) {
    scenario = scenario_find(name);
    victim = killed;
    if (scenario == NULL || killed >= (int)scenario->clusters) {
        return false;
    }
    sim.cluster_count = scenario->clusters;
    sim.ring_slots = 1;
    return true;
}

void script_print_all(void) { scenarios_print(); }

/* --- boot --- */

/* In turn, until nothing is left to do. */
static void run_to_rest(void) {
    for (bool busy = true; busy;) {
        busy = false;
        for (uint32_t i = 0; i < sim.cpu_count; i++) {
            struct cpu *cpu = &sim.cpus[i];
            if (cpu->mode == CPU_KERNEL) {
                cpu_continue(cpu);
            } else if (!cpu->started) {
                cpu_enter(cpu, (struct upcall){UPCALL_START, {cpu->index}});
            } else if (cpu->pending != 0) {
                uint32_t event = (uint32_t)__builtin_ctz(cpu->pending);
                cpu->pending &= ~(1U << event);
                cpu_enter(cpu, (struct upcall){UPCALL_EVENT, {event}});
            } else {
                continue;
            }
            busy = true;
        }
    }
}

static void call_enter(struct cpu *cpu, const struct call_words *call) {
    struct machine_regs *regs = &cpu_thread(cpu)->saved;
    const uint64_t *argument = call->argument;
    regs->rax = SCRIPT_UNANSWERED;
    regs->from_syscall = 1;
    cpu_enter(cpu, (struct upcall){UPCALL_SYSCALL,
                                   {call->cap, call->operation, argument[0], argument[1], argument[2], argument[3]}});
}

/* A call that is answered at once, before the search. */
static void call_now(struct cpu *cpu, const struct call_words *call) {
    struct thread *caller = cpu_thread(cpu);
    call_enter(cpu, call);
    run_to_rest();
    if (caller->saved.rax != R4_OK) {
        sim_fail("host", "a call that prepares the scenario fails: %s",
                 r4_error_name((enum r4_error)caller->saved.rax));
    }
}

static void prepare(struct instance *instance) {
    struct places *own = &places[instance->number];
    places_find(own, instance);
    if (!scenario_has_second(scenario, instance->number)) {
        return;
    }
    struct call_words calls[PLACES_SECOND_CALLS];
    places_second(own, calls);
    for (uint32_t i = 0; i < PLACES_SECOND_CALLS; i++) {
        call_now(&instance->cpus[0], &calls[i]);
    }
    places_second_find(own);
}

static void watch(const struct instance *instance) {
    struct cpu *cpu = &instance->cpus[0];
    const stack_t *stack = &cpu->context.uc_stack;
    state_watch((void *)instance->data, round_up(instance->data_size, R4_PAGE_SIZE));
    state_watch(instance->header, R4_PAGE_SIZE);
    state_watch(cpu_core(cpu), round_up(sizeof(struct core), R4_PAGE_SIZE));
    state_watch((void *)(instance->direct + instance->info->root_block.base), instance->info->root_block.size);
    state_include((char *)stack->ss_sp + stack->ss_size - SCRIPT_STACK, SCRIPT_STACK);
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        if (peer != instance->number) {
            size_t used = offsetof(struct r4_ring, slots) + sim.ring_slots * sizeof(struct r4_message);
            state_include(instance->cluster->peers[peer]->in.ring, used);
        }
    }
}

static void settle(void);

void script_start(void) {
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        struct r4_boot_info *info = sim.instances[i].info;
        mprotect(info, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE, PROT_READ | PROT_WRITE);
        memset(info->peer_priority, SCRIPT_PRIORITY, sizeof(info->peer_priority));
        mprotect(info, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE, PROT_READ);
    }
    run_to_rest();
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        cap_scan_remember(&sim.instances[i]);
        prepare(&sim.instances[i]);
        if (victim == (int)i) {
            access_note_header(i, offsetof(struct r4_header, state));
        }
    }
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        watch(&sim.instances[i]);
    }
    state_include(sim.cpus, sim.cpu_count * sizeof(sim.cpus[0]));
    state_include(access_states, sizeof(access_states));
    state_include(&state, sizeof(state));
    settle();
    access_begin();
    state_begin();
}

/* --- moves --- */

/* The thread of the scenario that the processor runs in user mode; SCRIPT_THREADS: none. */
static uint32_t thread_running(const struct cpu *cpu) {
    const struct places *own = &places[cpu->instance->number];
    uint32_t thread = 0;
    while (thread < SCRIPT_THREADS && (cpu->mode != CPU_USER || own->threads[thread] != cpu_thread(cpu))) {
        thread++;
    }
    return thread;
}

/* The next action of the thread, if it may begin it now; SCRIPT_ACTIONS: none. */
static uint32_t action_next(uint32_t number, uint32_t thread) {
    uint32_t answered = 0;
    for (uint32_t i = 0; i < SCRIPT_ACTIONS; i++) {
        answered |= (uint32_t)state.answered[i] << i;
    }
    for (uint32_t i = 0; i < SCRIPT_ACTIONS && scenario->actions[i].call != SCENARIO_END; i++) {
        const struct action *action = &scenario->actions[i];
        if (action->cluster != number || action->thread != thread || state.answered[i] != 0) {
            continue;
        }
        bool ready = state.begun[i] == 0 && (action->after & ~answered) == 0;
        return ready ? i : SCRIPT_ACTIONS;
    }
    return SCRIPT_ACTIONS;
}

static void move_add(struct move moves[SCRIPT_MOVES], uint32_t *count, enum move_kind kind, uint32_t number,
                     uint32_t value) {
    moves[(*count)++] = (struct move){(uint8_t)kind, (uint8_t)number, (uint8_t)value, 0};
}

/* The processor is in user mode. True if its thread has nothing to do and another one of the same priority has: then
 * the end of its slice comes at last. */
static bool slice_ends(const struct cpu *cpu, uint32_t running) {
    uint32_t number = cpu->instance->number;
    const struct thread *other = running < SCRIPT_THREADS ? places[number].threads[1 - running] : NULL;
    return other != NULL && cpu->deadline != 0 && action_next(number, running) == SCRIPT_ACTIONS &&
           (other->operation.kind != OPERATION_NONE || action_next(number, 1 - running) != SCRIPT_ACTIONS);
}

uint32_t script_moves(struct move moves[SCRIPT_MOVES]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        const struct cpu *cpu = &sim.instances[i].cpus[0];
        if (sim.instances[i].dead) {
            continue;
        }
        if (access_states[i].stored != 0) {
            move_add(moves, &count, MOVE_DRAIN, i, 0);
        }
        if (cpu->mode == CPU_KERNEL) {
            move_add(moves, &count, MOVE_CONTINUE, i, 0);
            continue;
        }
        for (uint32_t event = 0; event < MACHINE_EVENT_COUNT; event++) {
            if ((cpu->pending >> event & 1) != 0) {
                move_add(moves, &count, MOVE_EVENT, i, event);
            }
        }
        uint32_t thread = thread_running(cpu);
        uint32_t action = thread == SCRIPT_THREADS ? SCRIPT_ACTIONS : action_next(i, thread);
        if (action != SCRIPT_ACTIONS) {
            move_add(moves, &count, MOVE_CALL, i, action);
        } else if (slice_ends(cpu, thread)) {
            move_add(moves, &count, MOVE_EVENT, i, MACHINE_TIMER);
        }
    }
    if (victim >= 0 && state.dead == 0) {
        move_add(moves, &count, MOVE_KILL, (uint32_t)victim, 0);
    }
    return count;
}

/* As by a panic: the header says so, and every peer is rung. What it had to itself is nobody's business any more: then
 * many states are one. */
static void cluster_kill(struct instance *instance) {
    struct cpu *cpu = &instance->cpus[0];
    const stack_t *stack = &cpu->context.uc_stack;
    access_drain(instance->number);
    memset(&access_states[instance->number], 0, sizeof(access_states[0]));
    atomic_store(&instance->header->state, R4_CLUSTER_SILENT);
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        instance_ring(instance, peer);
    }
    state.dead = (uint8_t)(1U << instance->number);
    state_forget((char *)stack->ss_sp, stack->ss_size);
    state_forget(cpu, sizeof(*cpu));
    state_forget((void *)instance->data, instance->data_size);
    state_forget(cpu_core(cpu), sizeof(struct core));
    state_forget((void *)(instance->direct + instance->info->root_block.base), R4_LARGE_SIZE);
}

void script_do(const struct move *move) {
    struct instance *instance = &sim.instances[move->cluster];
    struct cpu *cpu = &instance->cpus[0];
    struct call_words call;
    switch ((enum move_kind)move->kind) {
    case MOVE_CONTINUE:
        cpu_continue(cpu);
        break;
    case MOVE_EVENT:
        cpu->pending &= ~(1U << move->value);
        sim.now = move->value == MACHINE_TIMER ? cpu->deadline : 0; /* the slice is over */
        cpu_enter(cpu, (struct upcall){UPCALL_EVENT, {move->value}});
        sim.now = 0;
        break;
    case MOVE_CALL:
        state.begun[move->value] = 1;
        places_call(&places[move->cluster], &scenario->actions[move->value], &call);
        call_enter(cpu, &call);
        break;
    case MOVE_DRAIN:
        access_drain_one(move->cluster);
        break;
    case MOVE_KILL:
        cluster_kill(instance);
        break;
    }
    settle();
}

void script_describe(const struct move *move, char *text, size_t size) {
    static const char *const events[] = {"timer", "reschedule", "shootdown", "doorbell"};
    char access[128];
    switch ((enum move_kind)move->kind) {
    case MOVE_CONTINUE:
        access_describe(move->cluster, access, sizeof(access));
        snprintf(text, size, "c%u %s", move->cluster, access);
        break;
    case MOVE_EVENT:
        snprintf(text, size, "c%u takes its %s", move->cluster,
                 events[move->value < MACHINE_DOORBELL ? move->value : MACHINE_DOORBELL]);
        break;
    case MOVE_CALL:
        snprintf(text, size, "c%u calls %s", move->cluster, scenario->actions[move->value].name);
        break;
    case MOVE_DRAIN:
        snprintf(text, size, "the memory takes the oldest store of c%u", move->cluster);
        break;
    case MOVE_KILL:
        snprintf(text, size, "c%u dies", move->cluster);
        break;
    }
}

/* --- after a move --- */

static void answers_note(const struct instance *instance) {
    const struct places *own = &places[instance->number];
    for (uint32_t i = 0; i < SCRIPT_ACTIONS && scenario->actions[i].call != SCENARIO_END; i++) {
        const struct action *action = &scenario->actions[i];
        if (action->cluster != instance->number || state.begun[i] == 0 || state.answered[i] != 0) {
            continue;
        }
        uint64_t result = own->threads[action->thread]->saved.rax;
        if (result != SCRIPT_UNANSWERED) {
            state.answered[i] = 1;
            state.error[i] = (uint8_t)result;
            ends_answer(own, action, i, (enum r4_error)result, state.dead != 0);
        }
    }
}

/* What makes no difference any more is made the same: counters, registers and stack that are not in use. */
static void canonicalise(struct cpu *cpu) {
    static const int dead_registers[] = {REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8, REG_R9};
    struct cluster *counters = cpu->instance->cluster;
    greg_t *registers = cpu->context.uc_mcontext.gregs;
    char *top = (char *)cpu->context.uc_stack.ss_sp + cpu->context.uc_stack.ss_size;
    char *used = (char *)registers[REG_RSP];
    if (used < top - SCRIPT_STACK) {
        sim_fail("host", "c%u needs more of its stack", cpu->instance->number);
    }
    memset(top - SCRIPT_STACK, 0, (size_t)(used - (top - SCRIPT_STACK)));
    for (size_t i = 0; i < R4_COUNT(dead_registers); i++) {
        registers[dead_registers[i]] = 0;
    }
    if (cpu->mode != CPU_KERNEL) {
        cpu->upcall = (struct upcall){UPCALL_START, {0}};
    }
    counters->messages_sent = 0;
    counters->doorbells_sent = 0;
    counters->operations_resumed = 0;
}

/* While a processor is in its kernel, it may be about to do what is missing. */
static void check_calm(void) {
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        if (!sim.instances[i].dead && sim.instances[i].cpus[0].mode == CPU_KERNEL) {
            return;
        }
    }
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        if (!sim.instances[i].dead) {
            check_after(&sim.instances[i].cpus[0]);
        }
    }
}

static void dead_set(void) {
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        sim.instances[i].dead = (state.dead >> i & 1) != 0;
    }
    sim.doom = state.dead;
}

static void settle(void) {
    dead_set();
    access_check_races();
    check_calm();
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        struct cpu *cpu = &sim.instances[i].cpus[0];
        if (sim.instances[i].dead) {
            cpu->pending = 0;
        } else {
            answers_note(&sim.instances[i]);
            canonicalise(cpu);
        }
        state.owners[i] = ends_owner(places[i].block);
    }
}

void script_restored(void) {
    dead_set();
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        ends_own(places[i].block, state.owners[i]);
    }
}

bool script_is_rest(const struct move *moves, uint32_t count) {
    return count == 0 || (count == 1 && moves[0].kind == MOVE_KILL);
}

void script_rest(void) {
    check_rest();
    audit_all();
    ends_note(scenario, places, &state);
}

void script_begin_ends(void) { ends_begin(); }
void script_print_ends(void) { ends_print(); }
void script_check_ends(void) {
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        ends_check_block(&places[i]);
    }
    if (victim < 0) {
        ends_check(scenario);
    }
}
