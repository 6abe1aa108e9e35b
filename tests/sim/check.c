/* SPDX-License-Identifier: MIT
 *
 * A cluster is checked only while nobody holds its lock: then what a processor did under the lock is complete.
 */
#include "check.h"
#include "memory.h"
#include "object/thread.h"
#include "pure/derivation.h"
#include "pure/retype.h"
#include "pure/runqueue.h"

#define CHECK_TURNS 4096U /* a revoke is resumed at most: far more than any of these clusters needs for all its slots */

static const struct thread *thread_in(const struct runqueue_member *member) {
    return (const struct thread *)((const char *)member - offsetof(struct thread, queue));
}

static bool somebody_pending(const struct instance *instance, uint32_t events) {
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        if ((instance->cpus[i].pending & events) != 0 || instance->cpus[i].mode == CPU_KERNEL) {
            return true;
        }
    }
    return false;
}

static bool is_pending(const struct instance *instance) { return somebody_pending(instance, ~0U); }
static bool is_rung(const struct instance *instance, uint32_t by) {
    return somebody_pending(instance, 1U << machine_doorbell(by));
}

/* --- what a processor runs --- */

static void check_runs(const struct cpu *cpu) {
    const struct core *core = cpu_core(cpu);
    const struct thread *current = core->current;
    if (cpu->mode == CPU_HALTED) {
        return;
    }
    if (current == NULL || current->registers != core->machine.regs) {
        sim_fail("a core runs its thread", "c%u.%u is in user mode with other registers than its current thread's",
                 cpu->instance->number, cpu->index);
    }
    phys_t object = (uintptr_t)current - cpu->instance->direct;
    if (current->state != THREAD_READY || current->core != cpu->index || current->pd == NULL) {
        sim_fail("a core runs its thread", "c%u.%u runs the thread at %lx, which is not ready here",
                 cpu->instance->number, cpu->index, object);
    }
    if (cpu->tlb.root != current->pd->root) {
        sim_fail("a core runs its thread", "c%u.%u runs the thread at %lx in the space %lx", cpu->instance->number,
                 cpu->index, object, cpu->tlb.root);
    }
}

/* A ready thread has a core that runs it, or that will look at its queue soon. */
static void check_wake(const struct cpu *cpu) {
    const struct core *core = cpu_core(cpu);
    const struct runqueue_member *first = runqueue_first(&core->queue);
    if (cpu->pending != 0 || first == NULL || !cpu->started) {
        return;
    }
    phys_t object = (uintptr_t)thread_in(first) - cpu->instance->direct;
    if (cpu->mode == CPU_HALTED) {
        sim_fail("no lost wake-up", "c%u.%u is halted while the thread at %lx is ready", cpu->instance->number,
                 cpu->index, object);
    }
    if (first->priority > core->current->queue.priority) {
        sim_fail("no lost wake-up", "c%u.%u runs a thread of lower priority than the one at %lx, which is ready",
                 cpu->instance->number, cpu->index, object);
    }
    if (runqueue_has_peer(&core->current->queue) && cpu->deadline == 0) {
        sim_fail("no lost wake-up", "c%u.%u has other threads of the same priority in its queue, and no timer",
                 cpu->instance->number, cpu->index);
    }
}

/* --- what a processor remembers --- */

static void check_translations(const struct cpu *cpu) {
    for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
        const struct tlb_entry *entry = &cpu->tlb.entries[i];
        if (entry->leaf == 0) {
            continue;
        }
        struct tlb_entry now = tlb_walk(cpu->tlb.root, entry->address);
        if (now.leaf != entry->leaf) {
            sim_fail("no stale translation", "c%u.%u remembers %lx at %lx; the tables say %lx and no flush is owed",
                     cpu->instance->number, cpu->index, entry->leaf, entry->address, now.leaf);
        }
    }
}

/* Only an upcall that took no lock may leave the kernel with such translations: it touches nothing. A processor that
 * halts while an event is pending has not left. */
static void check_direct(const struct cpu *cpu) {
    bool locked = cpu->upcall.kind != UPCALL_EVENT || cpu->upcall.argument[0] != MACHINE_SHOOTDOWN;
    bool left = cpu->mode == CPU_USER || (cpu->mode == CPU_HALTED && cpu->pending == 0);
    if (left && locked && cpu->direct_owed) {
        sim_fail("no stale translation", "c%u.%u left the kernel without a flush of the direct map",
                 cpu->instance->number, cpu->index);
    }
}

void check_unreachable(const struct instance *instance, phys_t base, uint64_t size) {
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        const struct tlb *tlb = &instance->cpus[i].tlb;
        if (tlb->root != 0 && tlb->root - base < size) {
            sim_fail("no stale translation", "c%u.%u has loaded the space %lx, whose memory gets another use",
                     instance->number, i, tlb->root);
        }
        for (uint32_t n = 0; n < TLB_ENTRIES; n++) {
            const struct tlb_entry *entry = &tlb->entries[n];
            phys_t frame = entry->leaf & PAGING_ADDRESS;
            if (entry->leaf != 0 && frame < base + size && base < frame + entry->size) {
                sim_fail("no stale translation", "c%u.%u remembers %lx at %lx, whose memory gets another use",
                         instance->number, i, frame, entry->address);
            }
        }
    }
}

/* --- what is zeroed --- */

static bool is_inside(phys_t base, uint64_t size, phys_t object, uint64_t object_size) {
    return base >= object && base + size <= object + object_size;
}

/* True if the range lies in the list of tables of some window. */
static bool is_window(const struct instance *instance, phys_t base, uint64_t size) {
    for (uint32_t asid = 1; asid < ASID_COUNT; asid++) {
        const struct window *window = instance->cluster->asids.entries[asid].window;
        if (window != NULL &&
            is_inside(base, size, (uintptr_t)window->tables - instance->direct, sizeof(window->tables))) {
            return true;
        }
    }
    return false;
}

/* True if the range lies in the objects that the present call creates, or in the page table that it maps. */
static bool is_called_for(const struct instance *instance, const struct invocation *call, phys_t base, uint64_t size) {
    if (call->slot == NULL || !memory_owns(instance->number, (uintptr_t)call->slot - instance->direct, R4_SLOT_SIZE)) {
        return false;
    }
    if (slot_type(call->slot) == R4_CAP_PAGE_TABLE) {
        return is_inside(base, size, slot_object(call->slot), R4_PAGE_SIZE);
    }
    if (slot_type(call->slot) != R4_CAP_UNTYPED) {
        return false;
    }
    enum r4_cap_type type = (enum r4_cap_type)r4_retype_type_get(call->argument[0]);
    uint32_t log2 = retype_object_log2(type, (uint32_t)(r4_retype_size_log2_get(call->argument[0])));
    uint64_t count = r4_retype_count_get(call->argument[0]);
    return is_inside(base, size, slot_object(call->slot) + call->argument[1], count << log2);
}

/* True if the range lies in what a retype under way has not created yet, as far as its objects follow each other
 * without a gap. */
static bool is_not_created(const struct instance *instance, const struct operation *create, phys_t base,
                           uint64_t size) {
    const struct r4_slot *slot = create->run.position;
    uint64_t end = slot_object(slot);
    for (uint64_t left = operation_remaining(create); left != 0 && slot_object(slot) == end; left--) {
        if ((slot_flags(slot) & R4_FLAG_CREATING) == 0) {
            return false;
        }
        end += 1ULL << slot_size_log2(slot);
        slot = left == 1 ? slot : slot_next(instance->direct, slot);
    }
    return is_inside(base, size, slot_object(create->run.position), end - slot_object(create->run.position));
}

void check_zero(const struct cpu *cpu, phys_t base, uint64_t size) {
    const struct instance *instance = cpu->instance;
    bool called_for =
        cpu->upcall.kind == UPCALL_START || size == 0 ||
        (cpu->upcall.kind == UPCALL_SYSCALL && is_called_for(instance, &cpu_core(cpu)->invocation, base, size));
    for (const struct operation *create = instance->cluster->operations; create != NULL; create = create->next) {
        called_for = called_for || (create->kind == OPERATION_CREATE && operation_remaining(create) != 0 &&
                                    is_not_created(instance, create, base, size));
    }
    if (!called_for && !is_window(instance, base, size)) {
        sim_fail("new objects alone are zeroed", "c%u.%u zeroes %lx bytes at %lx", instance->number, cpu->index, size,
                 base);
    }
    check_unreachable(instance, base, size);
}

/* --- mailboxes --- */

static bool has_message(const struct ring_end *in) {
    const struct r4_message *slot = &in->ring->slots[in->position & (in->slots - 1)];
    return slot->sequence == in->position + 1;
}

/* The cluster goes on looking at that peer. */
static bool looks_on(const struct cluster *state, const struct peer *peer) {
    return state->poll && (state->look >> peer->number & 1) != 0;
}

/* It will look at the peer: it goes on looking, or the peer has rung or has a message there, and the doorbell is on its
 * way. */
static bool will_look(const struct instance *instance, const struct peer *peer) {
    const struct cluster *state = instance->cluster;
    bool rang = atomic_load(&peer->in.ring->rung) != state->answered[peer->number] || has_message(&peer->in);
    bool noted = state->poll && (state->rung >> peer->number % MACHINE_DOORBELLS & 1) != 0;
    return looks_on(state, peer) || (rang && (noted || is_rung(instance, peer->number)));
}

static void check_in(const struct instance *instance, const struct peer *peer) {
    if (has_message(&peer->in) && !will_look(instance, peer)) {
        sim_fail("no lost wake-up", "cluster %u misses a message from cluster %u", instance->number, peer->number);
    }
    if (atomic_load(&peer->in.ring->looking) != 0 && !looks_on(instance->cluster, peer)) {
        sim_fail("no lost wake-up", "cluster %u says that it polls the ring from %u, and does not", instance->number,
                 peer->number);
    }
}

static void check_out(const struct instance *instance, const struct peer *peer) {
    uint32_t used = peer->out.position - atomic_load(&peer->out.ring->head);
    const struct instance *consumer = &sim.instances[peer->number];
    if (used > peer->out.slots) {
        sim_fail("ring counters", "cluster %u has put %u messages into %u slots", instance->number, used,
                 peer->out.slots);
    }
    bool waits = peer->hello_owed || peer->answers.first != NULL || peer->requests.first != NULL;
    if (waits && used < peer->out.slots && !will_look(instance, peer) && !is_rung(consumer, instance->number)) {
        sim_fail("no lost wake-up", "cluster %u misses a free slot to cluster %u", instance->number, peer->number);
    }
}

static void check_peers(const struct instance *instance) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct peer *peer = instance->cluster->peers[number];
        if (peer != NULL && instance->cluster->linked && peer->state != PEER_DEAD) {
            check_in(instance, peer);
            check_out(instance, peer);
        }
    }
}

/* Peers ring an idle core, if there is one. */
static void check_named(const struct instance *instance) {
    uint64_t idle = instance->cluster->idle_cores;
    uint32_t named = atomic_load(&instance->header->doorbell_apic);
    bool good = idle == 0;
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        good |= instance->cpus[i].apic_id == named && (idle >> i & 1) != 0;
    }
    if (!good) {
        sim_fail("an idle core is rung", "cluster %u names APIC id %u, and its idle cores are %lx", instance->number,
                 named, idle);
    }
}

/* --- work of the cluster --- */

/* The priority of what a core does; -1 for a halted one. */
static int priority_of(const struct cpu *cpu) {
    return cpu->mode == CPU_HALTED ? -1 : (int)cpu_core(cpu)->current->queue.priority;
}

/* If the cluster has work to do, no core may be doing something of lower priority, and one at the same priority has a
 * timer: at the end of the slice the work has its turn. */
static void check_work(const struct instance *instance) {
    const struct cluster *state = instance->cluster;
    int lowest = INT32_MAX;
    bool timer = false; /* of a core with the lowest priority */
    if (is_pending(instance) || !state->linked) {
        return;
    }
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        int priority = priority_of(&instance->cpus[i]);
        bool armed = cpu_core(&instance->cpus[i])->slice_owner != NULL;
        timer = priority < lowest ? armed : timer || (priority == lowest && armed);
        lowest = priority < lowest ? priority : lowest;
    }
    if (state->poll && lowest < (int)state->peer_priority) {
        sim_fail("no lost wake-up", "cluster %u has to look at its mailboxes, at priority %u, while a core runs at %d",
                 instance->number, state->peer_priority, lowest);
    }
    for (const struct operation *operation = state->operations; operation != NULL; operation = operation->next) {
        if (operation->orphan && !operation->waiting && lowest < (int)operation->queue.priority) {
            sim_fail("no lost wake-up",
                     "cluster %u has an operation of kind %u to run, at priority %u, while a core runs at %d",
                     instance->number, operation->kind, operation->queue.priority, lowest);
        }
        if (operation->orphan && !operation->waiting && lowest == (int)operation->queue.priority && !timer) {
            sim_fail(
                "operations have their turn",
                "cluster %u has an operation of kind %u to run, as urgent as a core's thread, whose slice does not end",
                instance->number, operation->kind);
        }
    }
}

const struct instance *check_console_owner(void) {
    const struct instance *instance = &sim.instances[sim.console_owner];
    while (instance->dead) {
        instance = &sim.instances[(instance->number + 1) % sim.cluster_count];
    }
    return instance;
}

/* If the console's owner has lines of its own to print, it polls soon, or a timer makes it. */
static void check_console(const struct instance *instance) {
    const struct r4_header *header = instance->header;
    bool left = atomic_load(&header->log.end) != atomic_load(&header->printed[instance->number]);
    bool due = !left || instance->cluster->poll || is_pending(instance) || check_console_owner() != instance;
    for (uint32_t i = 0; i < instance->layout.core_count && !due; i++) {
        const struct cpu *cpu = &instance->cpus[i];
        due = cpu_core(cpu)->console_due != 0 && cpu->deadline != 0;
    }
    if (!due) {
        sim_fail("no lost wake-up", "cluster %u has lines to print, and nothing makes it look", instance->number);
    }
}

/* A thread's operation has the thread's priority. The cluster runs it, or it waits, or its thread can run and is the
 * one that its core serves. */
static void check_callers(const struct instance *instance) {
    for (const struct operation *operation = instance->cluster->operations; operation != NULL;
         operation = operation->next) {
        const struct thread *thread = operation->thread;
        if (thread == NULL || operation->abandoned) {
            continue;
        }
        if (operation->queue.priority != thread->queue.priority) {
            sim_fail("threads own their operations",
                     "cluster %u: an operation of kind %u has priority %u, its thread priority %u", instance->number,
                     operation->kind, operation->queue.priority, thread->queue.priority);
        }
        const struct core *core = cpu_core(&instance->cpus[thread->core]);
        bool good = thread->state == THREAD_STOPPED ? operation->orphan
                    : thread->state == THREAD_READY ? !operation->orphan && core->served == thread
                                                    : operation->orphan || operation->waiting;
        if (!good) {
            sim_fail("threads own their operations",
                     "cluster %u: an operation of kind %u is run by %s, and its thread is in state %d",
                     instance->number, operation->kind, operation->orphan ? "the cluster" : "its thread",
                     thread->state);
        }
    }
}

static bool is_revoke(const struct operation *operation) {
    return operation->kind == OPERATION_REVOKE || operation->kind == OPERATION_DELETE ||
           operation->kind == OPERATION_SWEEP;
}

/* What is still to be removed stays marked, whoever else revokes a part of it; so nothing derives from it, and the
 * revoke ends. Ancestors of memory that did not come back to another revoke, and that memory, have lost their mark. */
static void check_marks(const struct instance *instance, const struct operation *operation) {
    const struct r4_slot *root = operation->run.root;
    for (const struct r4_slot *slot = slot_next(instance->direct, root);
         slot != NULL && slot_depth(slot) > slot_depth(root); slot = slot_next(instance->direct, slot)) {
        bool lost = slot_type(slot) == R4_CAP_REMOTE_REF || slot_type(slot) == R4_CAP_DYING ||
                    derivation_has_children(instance->direct, slot);
        if ((slot_flags(slot) & R4_FLAG_MARKED) == 0 && !lost) {
            sim_fail("marks stay",
                     "cluster %u: a revoke of kind %u removes, and the cap of type %u at %lx has flags %lx",
                     instance->number, operation->kind, slot_type(slot), (uintptr_t)slot - instance->direct,
                     slot_flags(slot));
        }
    }
}

/* Nobody runs an operation while the lock is free: all the slots that it will come back to say so. */
static void check_stands(const struct instance *instance, const struct operation *operation) {
    const struct r4_slot *const at[] = {operation->run.root,     operation->died,
                                        operation->page,         operation->page_run.root,
                                        operation->run.position, operation->page_run.position};
    for (size_t i = 0; i < R4_COUNT(at); i++) {
        if (at[i] != NULL && (slot_type(at[i]) == R4_CAP_EMPTY || (slot_flags(at[i]) & R4_FLAG_STANDS) == 0)) {
            sim_fail("who stands where is known",
                     "cluster %u: an operation of kind %u, phase %u, comes back to a cap of type %u with flags %lx",
                     instance->number, operation->kind, operation->run.phase, slot_type(at[i]), slot_flags(at[i]));
        }
    }
}

/* Two revokes may share a root; it keeps its flag until both have ended. */
static void check_revokes(const struct instance *instance) {
    for (const struct operation *operation = instance->cluster->operations; operation != NULL;
         operation = operation->next) {
        if (is_revoke(operation)) {
            check_stands(instance, operation);
        }
        if (!is_revoke(operation) || operation->run.root == NULL) {
            continue;
        }
        if ((slot_flags(operation->run.root) & R4_FLAG_ROOT) == 0) {
            sim_fail("roots are flagged", "cluster %u: the root of an operation of kind %u, phase %u", instance->number,
                     operation->kind, operation->run.phase);
        }
        if (operation->resumed > CHECK_TURNS) {
            sim_fail("revokes end", "cluster %u: an operation of kind %u, phase %u, has been resumed %u times",
                     instance->number, operation->kind, operation->run.phase, operation->resumed);
        }
        if (operation->run.phase == OPERATION_REMOVING && operation->error == R4_OK) {
            check_marks(instance, operation);
        }
    }
}

static void check_flushes(const struct instance *instance) {
    const struct cluster *state = instance->cluster;
    if (state->noted_cores != 0) {
        sim_fail("flushes are done", "cluster %u owes a flush to cores %lx while its lock is free", instance->number,
                 state->noted_cores);
    }
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        check_translations(&instance->cpus[i]);
    }
}

void check_after(const struct cpu *cpu) {
    const struct instance *instance = cpu->instance;
    check_direct(cpu);
    if (!instance_is_calm(instance)) {
        return;
    }
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        if (instance->cpus[i].mode != CPU_KERNEL) {
            check_runs(&instance->cpus[i]);
            check_wake(&instance->cpus[i]);
        }
    }
    check_flushes(instance);
    check_revokes(instance);
    check_callers(instance);
    check_peers(instance);
    check_named(instance);
    check_work(instance);
    check_console(instance);
}

void check_rest(void) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct instance *instance = &sim.instances[number];
        const struct cluster *state = instance->cluster;
        for (const struct operation *operation = instance->dead ? NULL : state->operations; operation != NULL;
             operation = operation->next) {
            if (operation->kind != OPERATION_MILESTONE_WAIT || sim.instances[operation->peer->number].dead) {
                sim_fail("operations end", "cluster %u: an operation of kind %u, phase %u, waiting %d never ended",
                         number, operation->kind, operation->run.phase, operation->waiting);
            }
        }
        if (!instance->dead && state->noted_cores != 0) {
            sim_fail("operations end", "cluster %u owes flushes", number);
        }
    }
}
