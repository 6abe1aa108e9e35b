/* SPDX-License-Identifier: MIT
 *
 * A turn: one processor, chosen at random, continues its upcall, takes one of its pending interrupts, or lets its user
 * thread do one thing. The last two count as steps.
 */
#include "schedule.h"
#include "audit.h"
#include "check.h"
#include "cpu.h"
#include "hostile.h"
#include "memory.h"
#include "oracle_result.h"
#include "program.h"
#include <stdio.h>
#include <string.h>

#define SCHEDULE_REST      20000000U /* turns after which everything has to be at rest */
#define SCHEDULE_LOANS     3U        /* in one seed of this many most calls are about loans */
#define SCHEDULE_UNDEFINED 6U        /* vector of an invalid opcode */

/* How likely each kind of turn is. */
enum { WEIGHT_KERNEL = 8, WEIGHT_EVENT = 4, WEIGHT_USER = 3 };

enum phase { PHASE_RUN, PHASE_REST };

static const char *const event_names[] = {"timer", "reschedule", "shootdown", "doorbell"};

int schedule_cluster(void) { return sim.running == NULL ? -1 : (int)sim.running->instance->number; }

static void machine_draw(void) {
    static const uint32_t slots[] = {1, 1, 1, 2, 4, 64};
    static const uint32_t preempt[] = {0, 4, 16, 64};
    static const uint32_t hostile[] = {0, 10, 20, 100};
    sim.cluster_count = 2 + (uint32_t)sim_random(sim_chance(3) ? SIM_CLUSTERS - 1 : 3);
    sim.ring_slots = slots[sim_random(R4_COUNT(slots))];
    sim.preempt = preempt[sim_random(R4_COUNT(preempt))];
    sim.hostile = hostile[sim_random(R4_COUNT(hostile))];
    sim.remoteness = 1 + (uint32_t)sim_random(8);
    sim.peace = sim_chance(2);
    if (sim.peace && sim_chance(2)) {
        sim.cluster_count = 2;
    }
    sim.console_owner = (uint32_t)sim_random(sim.cluster_count);
    sim.storm = sim_chance(8) ? 1 + (uint32_t)sim_random(3) : 0;
    sim.doom = sim_chance(4) ? 1 + sim_random(sim.options.steps) : 0;
    sim.loans = sim_chance(SCHEDULE_LOANS) ? 1 + (uint32_t)sim_random(3) : 0;
    if (sim.loans != 0) {
        sim.cluster_count = 2 + (uint32_t)sim_random(4);
        sim.console_owner %= sim.cluster_count;
        sim.ring_slots = sim_chance(2) ? 1 : sim.ring_slots;
        sim.peace = false;
        sim.storm = 0;
    }
}

static void timers_expire(void) {
    for (uint32_t i = 0; i < sim.cpu_count; i++) {
        struct cpu *cpu = &sim.cpus[i];
        if (cpu->deadline != 0 && sim.now >= cpu->deadline) {
            cpu->deadline = 0;
            cpu->pending |= 1U << MACHINE_TIMER;
        }
    }
}

static uint32_t weight_of(const struct cpu *cpu) {
    if (cpu->instance->dead) {
        return 0;
    }
    if (cpu->mode == CPU_KERNEL) {
        return WEIGHT_KERNEL;
    }
    if (!cpu->started || (cpu->pending != 0 && cpu->mode == CPU_HALTED)) {
        return WEIGHT_EVENT;
    }
    return cpu->mode == CPU_USER ? WEIGHT_USER : 0;
}

static struct cpu *cpu_choose(void) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < sim.cpu_count; i++) {
        total += weight_of(&sim.cpus[i]);
    }
    if (total == 0) {
        return NULL;
    }
    uint64_t at = sim_random(total);
    struct cpu *cpu = sim.cpus;
    while (at >= weight_of(cpu)) {
        at -= weight_of(cpu++);
    }
    return cpu;
}

static void event_deliver(struct cpu *cpu) {
    uint32_t event = (uint32_t)sim_random(MACHINE_EVENT_COUNT);
    while ((cpu->pending >> event & 1) == 0) {
        event = (event + 1) % MACHINE_EVENT_COUNT;
    }
    cpu->pending &= ~(1U << event);
    sim_note("c%u.%u %s", cpu->instance->number, cpu->index,
             event_names[event < MACHINE_DOORBELL ? event : MACHINE_DOORBELL]);
    cpu_enter(cpu, (struct upcall){UPCALL_EVENT, {event}});
}

/* False if there is nothing left to do. */
static bool turn(enum phase phase) {
    timers_expire();
    struct cpu *cpu = cpu_choose();
    if (cpu == NULL) {
        return false;
    }
    if (cpu->mode == CPU_KERNEL) {
        cpu_continue(cpu);
        oracle_result_after(cpu);
        check_after(cpu);
        return true;
    }
    sim.step++;
    sim.now += sim_random(500);
    if (!cpu->started) {
        sim_note("c%u.%u starts", cpu->instance->number, cpu->index);
        cpu_enter(cpu, (struct upcall){UPCALL_START, {cpu->index}});
    } else if (cpu->pending != 0 && (cpu->mode == CPU_HALTED || sim_chance(2))) {
        event_deliver(cpu);
    } else if (phase == PHASE_RUN) {
        program_step(cpu);
    } else {
        cpu_enter(cpu, (struct upcall){UPCALL_FAULT, {SCHEDULE_UNDEFINED}}); /* ends the user thread */
    }
    oracle_result_after(cpu);
    check_after(cpu);
    return true;
}

/* When every processor is halted: a stray interrupt, as any machine has them. */
static void stray_interrupt(void) {
    struct cpu *cpu = &sim.cpus[sim_random(sim.cpu_count)];
    sim.step++;
    cpu->pending |= 1U << (sim_chance(2) ? MACHINE_TIMER : machine_doorbell((uint32_t)sim_random(MACHINE_DOORBELLS)));
}

/* True if all clusters have booted. Before that no cluster may die: the others would wait for it. */
static bool all_up(void) {
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        if (atomic_load(&sim.instances[i].header->state) != R4_CLUSTER_UP) {
            return false;
        }
    }
    return true;
}

/* As by a panic: the header says so, and every peer is rung. Its last words are lost. */
static void cluster_kill(void) {
    struct instance *instance = &sim.instances[sim_random(sim.cluster_count)];
    sim_note("c%u dies", instance->number);
    instance->dead = true;
    atomic_store(&instance->header->state, R4_CLUSTER_SILENT);
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        instance_ring(instance, peer);
    }
}

static void run(void) {
    bool doomed = sim.doom != 0;
    uint64_t audited = 0;
    while (sim.step < sim.options.steps) {
        if (!turn(PHASE_RUN)) {
            stray_interrupt();
        }
        if (doomed && sim.step >= sim.doom && all_up()) {
            doomed = false;
            cluster_kill();
        }
        if (sim_chance(sim.hostile)) {
            hostile_send();
        }
        if (sim.step >= audited + sim.options.audit) {
            audited = sim.step;
            audit_all();
        }
    }
}

static void rest(void) {
    sim.preempt = 0;
    for (uint64_t turns = 0; turn(PHASE_REST); turns++) {
        if (turns == SCHEDULE_REST) {
            sim_fail("progress", "no rest after %lu turns", turns);
        }
    }
    check_rest();
    audit_all();
}

static void totals_add(void) {
    sim_count(&sim_totals->steps, sim.step);
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        sim_count(&sim_totals->messages, sim.instances[i].cluster->messages_sent);
        sim_count(&sim_totals->resumed, sim.instances[i].cluster->operations_resumed);
    }
}

void schedule_run(void) {
    machine_draw();
    memory_create();
    instance_load_all(sim.options.kernel);
    run();
    rest();
    audit_revoke_roots();
    rest();
    audit_end();
    totals_add();
}

void schedule_print_calls(void) {
    for (uint32_t operation = 0; operation < R4_OP_COUNT; operation++) {
        printf("%s %lu/%lu%s", program_operation_name(operation), sim_totals->successes[operation],
               sim_totals->calls[operation],
               operation + 1 == R4_OP_COUNT ? "\n"
               : operation % 8 == 7         ? ",\n"
                                            : ", ");
    }
}
