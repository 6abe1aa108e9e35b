/* SPDX-License-Identifier: MIT
 *
 * Between taking the lock and the first wait nobody else runs. So the kernel has to find what oracle_resolve.h says at
 * the beginning of the call. The core's own record of the invocation is emptied before: what it names afterwards
 * belongs to this call.
 */
#include "oracle_result.h"
#include "digest.h"
#include "memory.h"
#include "names.h"
#include "object/thread.h"
#include "oracle_resolve.h"
#include "program.h"
#include "pure/derivation.h"

#define ORACLE_RESULT_DIGEST 4U /* for one call in this many the digest is taken */

struct expectation { /* of one call */
    bool open;
    struct thread *thread;
    const struct machine_regs
        *regs; /* its registers, seen by the simulator: their memory may have left the direct map afterwards */
    struct call call;
    struct resolution resolution;
    struct resolution argument;   /* of the capability that the first argument names */
    uint64_t refusals;            /* reasons to refuse the call for its capability */
    uint64_t argument_refusals;   /* for that of the argument */
    const struct r4_slot *target; /* LINK, RETYPE: the (first) destination slot */
    uint64_t target_version;      /* before */
    bool quiet;                   /* the core had nothing else to do */
    uint64_t digest;              /* 0: not taken */
};

struct revoke { /* under way */
    const struct machine_regs *regs;
    uint64_t call; /* rbx of its thread: which call it is */
    const struct instance *instance;
    const struct r4_slot *slot; /* null: none */
    uint64_t version;
};

static struct expectation expectations[SIM_CLUSTERS * SIM_CORES];
static struct revoke revokes[SIM_CLUSTERS * SIM_CORES]; /* the last one that each processor began */

/* True if the core has nothing to do but this call. */
static bool is_quiet(const struct instance *instance, const struct core *core) {
    const struct cluster *state = instance->cluster;
    return state->operations == NULL && runqueue_first(&state->orphans) == NULL && !state->poll && !core->reschedule;
}

static const void *host_view(const struct instance *instance, const void *object) {
    return memory_host((uintptr_t)object - instance->direct);
}

void oracle_result_begin(struct cpu *cpu, struct thread *thread, const struct call *call) {
    struct expectation *expected = &expectations[cpu - sim.cpus];
    struct core *core = cpu_core(cpu);
    *expected = (struct expectation){
        .open = true, .thread = thread, .regs = host_view(cpu->instance, &thread->saved), .call = *call};
    expected->resolution = oracle_resolve(cpu->instance, thread->pd, call->cap);
    expected->refusals = oracle_refusals(&expected->resolution, call->operation);
    if (oracle_is_argument(call->operation)) {
        expected->argument = oracle_resolve(cpu->instance, thread->pd, call->argument[0]);
        expected->argument_refusals =
            oracle_argument_refusals(&expected->resolution, &expected->argument, call->operation);
    }
    uint64_t target = call->argument[call->operation == R4_OP_UNTYPED_RETYPE ? 2 : 0];
    if ((call->operation == R4_OP_CAP_LINK || call->operation == R4_OP_UNTYPED_RETYPE) &&
        target <= r4_cap_index_max()) {
        expected->target = window_slot(cpu->instance->direct, &thread->pd->window, target);
        expected->target_version = expected->target == NULL ? 0 : slot_version(expected->target);
    }
    if (call->operation == R4_OP_CAP_REVOKE && expected->resolution.slot != NULL) {
        const struct r4_slot *slot = expected->resolution.slot;
        revokes[cpu - sim.cpus] =
            (struct revoke){&thread->saved, thread->saved.rbx, cpu->instance, slot, slot_version(slot)};
    }
    expected->quiet = is_quiet(cpu->instance, core);
    if (expected->quiet && sim_chance(ORACLE_RESULT_DIGEST)) {
        expected->digest = digest_of(cpu->instance, thread);
    }
    core->invocation.slot = NULL;
}

/* --- what became of the call --- */

static _Noreturn void fail(const struct cpu *cpu, const struct expectation *expected, const char *name,
                           const char *what) {
    sim_fail(name, "c%u.%u: %s(%lx) answered %s: %s (reasons to refuse it: %lx, proxies: %lu)", cpu->instance->number,
             cpu->index, program_operation_name(expected->call.operation), expected->call.cap,
             expected->regs->rax < R4_ERROR_COUNT ? r4_error_name((enum r4_error)expected->regs->rax) : "nothing yet",
             what, expected->refusals, expected->resolution.hops);
}

/* The handler was reached. Did it get the right things? It may itself be what refuses the call. */
static void reached_check(const struct cpu *cpu, const struct expectation *expected,
                          const struct invocation *invocation) {
    const struct resolution *resolution = &expected->resolution;
    const struct chain *chain = invocation->chain;
    uint64_t error = expected->regs->rax;
    if (expected->refusals != 0 && (error >= R4_ERROR_COUNT || (expected->refusals >> error & 1) == 0)) {
        fail(cpu, expected, "calls obey the rules", "it should have been refused");
    }
    if (invocation->slot != resolution->slot) {
        fail(cpu, expected, "calls obey the rules", "another capability was used");
    }
    if ((chain != NULL) != (resolution->hops != 0)) {
        fail(cpu, expected, "calls obey the rules", "proxies were not seen, or seen where there are none");
    }
    if (chain != NULL && (chain_rights(chain) != resolution->rights || chain_ttl(chain) != resolution->ttl ||
                          chain->badge != resolution->badge)) {
        fail(cpu, expected, "calls obey the rules", "other rights, another TTL or another badge");
    }
}

/* The handler was not reached. Is there a reason, and is the answer the true one? */
static void refused_check(const struct cpu *cpu, const struct expectation *expected, uint64_t error, uint64_t value) {
    if (error == R4_OK || (expected->refusals & oracle_bit((enum r4_error)error)) == 0) {
        fail(cpu, expected, "calls obey the rules", "there is no reason for this refusal");
    }
    bool walked = error != R4_ERR_BUSY && (expected->resolution.refusals & oracle_bit((enum r4_error)error)) != 0;
    if (walked && value != expected->resolution.hops) {
        fail(cpu, expected, "calls obey the rules", "its value does not tell where the walk ended");
    }
}

/* An error by which an operation ends after it has begun: not a refusal. */
static bool is_late(const struct call *call, uint64_t error) {
    bool taking = call->operation == R4_OP_CAP_REVOKE || call->operation == R4_OP_CAP_DELETE ||
                  call->operation == R4_OP_DEBUG_WAIT;
    return error == R4_ERR_REVOKED || (taking && (error == R4_ERR_CLUSTER_DOWN || error == R4_ERR_PROTOCOL));
}

/* A single-use proxy is used up by a success, or by an operation that has begun, and by nothing else. */
static void once_check(const struct cpu *cpu, const struct expectation *expected, bool reached, bool answered,
                       uint64_t error) {
    if (expected->resolution.once == 0) {
        return;
    }
    uint64_t word = *(const uint64_t *)memory_host(expected->resolution.once);
    uint64_t used = r4_proxy_serial_put(r4_proxy_serial_get(expected->resolution.once_word));
    bool success = reached && (!answered || error == R4_OK || is_late(&expected->call, error));
    if (word != (success ? used : expected->resolution.once_word)) {
        fail(cpu, expected, "single use", success ? "the proxy is still there" : "the proxy is gone");
    }
    sim_count(&sim_totals->once, success);
}

/* --- what a success has done --- */

static const struct pd *argument_pd(const struct cpu *cpu, const struct expectation *expected) {
    return (const struct pd *)(cpu->instance->direct + slot_object(expected->argument.slot) + R4_PAGE_SIZE);
}

/* A linked capability is the real one's child, with the rights, TTL and badge that the chain has left. */
static void link_check(const struct cpu *cpu, const struct expectation *expected) {
    const struct r4_slot *real = expected->resolution.slot;
    const struct r4_slot *linked = expected->target;
    uint64_t badge = slot_type(real) == R4_CAP_NOTIFICATION && slot_badge(real) == 0 ? expected->resolution.badge
                     : slot_type(real) == R4_CAP_FRAME                               ? 0
                                                                                     : slot_badge(real);
    bool same = linked != NULL && slot_type(linked) == slot_type(real) && slot_object(linked) == slot_object(real) &&
                slot_size_log2(linked) == slot_size_log2(real);
    if (!same || slot_version(linked) != expected->target_version + 1 || slot_flags(linked) != 0) {
        fail(cpu, expected, "links", "the new capability is not of the real one's object");
    }
    if (slot_prev(cpu->instance->direct, linked) != real || slot_depth(linked) != slot_depth(real) + 1) {
        fail(cpu, expected, "links", "the new capability is not the real one's child");
    }
    if (slot_rights(linked) != expected->resolution.rights || slot_ttl(linked) != expected->resolution.ttl ||
        slot_badge(linked) != badge) {
        fail(cpu, expected, "links", "other rights, TTL or badge than the chain's");
    }
}

/* A smaller untyped has the TTL that the chain has left. (Other objects are created step by step, maybe later.) */
static void retype_check(const struct cpu *cpu, const struct expectation *expected) {
    const struct r4_slot *created = expected->target;
    enum r4_cap_type type = (enum r4_cap_type)r4_retype_type_get(expected->call.argument[0]);
    if (type == R4_CAP_UNTYPED &&
        (created == NULL || slot_type(created) != type || slot_ttl(created) != expected->resolution.ttl ||
         slot_prev(cpu->instance->direct, created) != expected->resolution.slot)) {
        fail(cpu, expected, "retype", "something else was created");
    }
}

/* The mapping is in the address space that the argument names, and gives no more rights than the chain. */
static void map_check(const struct cpu *cpu, const struct expectation *expected) {
    const struct pd *pd = argument_pd(cpu, expected);
    struct slot_mapping mapping = slot_mapping_get(expected->resolution.slot);
    uint64_t operation = expected->call.operation;
    bool in_window = operation == R4_OP_FRAME_MAP_PROXIES || operation == R4_OP_CAP_PAGE_MAP;
    uint64_t address =
        in_window ? R4_WINDOW_BASE + expected->call.argument[1] * R4_PAGE_SIZE : expected->call.argument[1];
    if (mapping.name != pd->window.name || mapping.name == 0) {
        fail(cpu, expected, "maps", "the mapping names another address space");
    }
    if (operation == R4_OP_PAGE_TABLE_MAP) {
        return;
    }
    const struct tlb_entry entry = tlb_walk(pd->root, address);
    bool write = (entry.leaf & PAGING_WRITE) != 0;
    bool exec = (entry.leaf & PAGING_NX) == 0;
    if (mapping.address != address || (entry.leaf & PAGING_ADDRESS) != slot_object(expected->resolution.slot)) {
        fail(cpu, expected, "maps", "something else is mapped there");
    }
    bool reads = operation == R4_OP_FRAME_MAP || operation == R4_OP_FRAME_MAP_PROXIES; /* cap pages are the kernel's */
    if ((reads && (expected->resolution.rights & R4_READ) == 0) ||
        (write && (expected->resolution.rights & R4_WRITE) == 0) ||
        (exec && (expected->resolution.rights & R4_EXEC) == 0) || (in_window && exec) ||
        (operation == R4_OP_CAP_PAGE_MAP && write)) {
        fail(cpu, expected, "maps", "more rights than the chain has");
    }
    uint64_t kind = operation == R4_OP_CAP_PAGE_MAP        ? PAGING_KIND_CAPS
                    : operation == R4_OP_FRAME_MAP_PROXIES ? PAGING_KIND_PROXIES
                                                           : PAGING_KIND_NONE;
    if (paging_kind_get(entry.leaf) != kind) {
        fail(cpu, expected, "maps", "the wrong page kind");
    }
}

static void success_check(const struct cpu *cpu, const struct expectation *expected) {
    uint64_t operation = expected->call.operation;
    if (expected->argument_refusals != 0) {
        fail(cpu, expected, "calls obey the rules", "its argument names no capability that would do");
    }
    switch (operation) {
    case R4_OP_CAP_LINK:
        link_check(cpu, expected);
        break;
    case R4_OP_UNTYPED_RETYPE:
        retype_check(cpu, expected);
        break;
    case R4_OP_FRAME_MAP:
    case R4_OP_FRAME_MAP_PROXIES:
    case R4_OP_PAGE_TABLE_MAP:
    case R4_OP_CAP_PAGE_MAP:
        map_check(cpu, expected);
        break;
    case R4_OP_ASID_POOL_ASSIGN:
        if (expected->regs->rdx != argument_pd(cpu, expected)->window.name) {
            fail(cpu, expected, "names", "the value is not the name that was given");
        }
        names_given(cpu->instance, (uint32_t)expected->regs->rdx);
        break;
    default:
        break;
    }
}

/* When a revoke answers R4_OK, nothing derives from its slot, even if others copied meanwhile. */
void oracle_result_answered(const struct machine_regs *regs, uint64_t error) {
    for (uint32_t i = 0; i < sim.cpu_count; i++) {
        struct revoke *revoke = &revokes[i];
        if (revoke->slot == NULL || regs != revoke->regs || regs->rbx != revoke->call ||
            revoke->instance != sim.running->instance) {
            continue;
        }
        const struct r4_slot *slot = revoke->slot;
        phys_t place = (uintptr_t)slot - revoke->instance->direct;
        revoke->slot = NULL;
        if (!memory_owns(revoke->instance->number, place, R4_SLOT_SIZE)) {
            continue;
        }
        bool same = slot_type(slot) != R4_CAP_EMPTY && slot_version(slot) == revoke->version;
        if (same && error == R4_OK && derivation_has_children(revoke->instance->direct, slot)) {
            sim_fail("revoke takes all", "cluster %u: the revoke of %lx has ended and something derives from it",
                     revoke->instance->number, place);
        }
    }
}

static void digest_check(const struct cpu *cpu, const struct expectation *expected) {
    if (expected->digest != 0 && expected->digest != digest_of(cpu->instance, expected->thread)) {
        fail(cpu, expected, "refused calls change nothing", "something has changed");
    }
}

static void totals_add(const struct expectation *expected, uint64_t error) {
    if (error == R4_OK) {
        sim_count(&sim_totals->chains[expected->resolution.hops], 1);
        sim_count(&sim_totals->crossings[expected->resolution.crossings], 1);
    } else {
        sim_count(&sim_totals->refusals[error], 1);
    }
}

void oracle_result_after(const struct cpu *cpu) {
    struct expectation *expected = &expectations[cpu - sim.cpus];
    const struct invocation *invocation = &cpu_core(cpu)->invocation;
    if (!expected->open) {
        return;
    }
    expected->open = false;
    uint64_t error = expected->regs->rax;
    bool answered = error < R4_ERROR_COUNT;
    bool reached = invocation->slot != NULL;
    if (reached) {
        reached_check(cpu, expected, invocation);
    } else if (answered) {
        refused_check(cpu, expected, error, expected->regs->rdx);
    }
    once_check(cpu, expected, reached, answered, error);
    if (answered) {
        totals_add(expected, error);
    }
    if (!answered || !expected->quiet || cpu->mode != CPU_USER || cpu_core(cpu)->current != expected->thread) {
        return; /* the core may have done other things meanwhile */
    }
    if (error == R4_OK && reached) {
        success_check(cpu, expected);
    } else if (error != R4_OK && !is_late(&expected->call, error)) {
        digest_check(cpu, expected);
    }
}
