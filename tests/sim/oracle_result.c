/* SPDX-License-Identifier: MIT
 *
 * Between the lock and the first wait nobody else runs, so what oracle_resolve.h says at the beginning is what the
 * kernel has to find. The core's own record of the invocation names no capability before: what stands there afterwards
 * is of this call.
 */
#include "oracle_result.h"
#include "digest.h"
#include "memory.h"
#include "names.h"
#include "object/thread.h"
#include "oracle_resolve.h"
#include "program.h"
#include "pure/derivation.h"

#define GRANTS_DIGEST 4U /* one call in so many is held against the digest */

struct grant {
    bool open;
    struct thread *thread;
    const struct machine_regs *regs; /* its registers, which may be another cluster's memory afterwards */
    struct call call;
    struct resolution resolution;
    struct resolution argument;   /* of the capability that the first argument names */
    uint64_t refusals;            /* the reasons that there are, by the capability */
    uint64_t argument_refusals;   /* and by the argument */
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

static struct grant grants[SIM_CLUSTERS * SIM_CORES];
static struct revoke revokes[SIM_CLUSTERS * SIM_CORES]; /* the last ones, by the processor that began them */

/* Nothing is left to do but this call. */
static bool is_quiet(const struct instance *instance, const struct core *core) {
    const struct cluster *state = instance->cluster;
    return state->operations == NULL && state->work == 0 && !state->poll && !core->reschedule;
}

static const void *host_view(const struct instance *instance, const void *object) {
    return memory_host((uintptr_t)object - instance->direct);
}

void oracle_result_begin(struct cpu *cpu, struct thread *thread, const struct call *call) {
    struct grant *grant = &grants[cpu - sim.cpus];
    struct core *core = cpu_core(cpu);
    *grant =
        (struct grant){.open = true, .thread = thread, .regs = host_view(cpu->instance, &thread->saved), .call = *call};
    grant->resolution = oracle_of(cpu->instance, thread->pd, call->cap);
    grant->refusals = oracle_refusals(&grant->resolution, call->operation);
    if (oracle_is_argument(call->operation)) {
        grant->argument = oracle_of(cpu->instance, thread->pd, call->argument[0]);
        grant->argument_refusals = oracle_argument_refusals(&grant->resolution, &grant->argument, call->operation);
    }
    uint64_t target = call->argument[call->operation == R4_OP_UNTYPED_RETYPE ? 2 : 0];
    if ((call->operation == R4_OP_CAP_LINK || call->operation == R4_OP_UNTYPED_RETYPE) &&
        target <= r4_cap_index_max()) {
        grant->target = window_slot(cpu->instance->direct, &thread->pd->window, target);
        grant->target_version = grant->target == NULL ? 0 : slot_version(grant->target);
    }
    if (call->operation == R4_OP_CAP_REVOKE && grant->resolution.slot != NULL) {
        const struct r4_slot *slot = grant->resolution.slot;
        revokes[cpu - sim.cpus] =
            (struct revoke){&thread->saved, thread->saved.rbx, cpu->instance, slot, slot_version(slot)};
    }
    grant->quiet = is_quiet(cpu->instance, core);
    if (grant->quiet && sim_chance(GRANTS_DIGEST)) {
        grant->digest = digest_of(cpu->instance, thread);
    }
    core->invocation.slot = NULL;
}

/* --- what the call was granted --- */

static _Noreturn void fail(const struct cpu *cpu, const struct grant *grant, const char *name, const char *what) {
    sim_fail(name, "c%u.%u: %s(%lx) answered %s: %s (reasons to refuse it: %lx, proxies: %lu)", cpu->instance->number,
             cpu->index, program_operation_name(grant->call.operation), grant->call.cap,
             grant->regs->rax < R4_ERROR_COUNT ? r4_error_name((enum r4_error)grant->regs->rax) : "nothing yet", what,
             grant->refusals, grant->resolution.hops);
}

/* The handler was reached: with what it had to get? It may be the one that refuses. */
static void granted_check(const struct cpu *cpu, const struct grant *grant, const struct invocation *invocation) {
    const struct resolution *resolution = &grant->resolution;
    const struct chain *chain = invocation->chain;
    uint64_t error = grant->regs->rax;
    if (grant->refusals != 0 && (error >= R4_ERROR_COUNT || (grant->refusals >> error & 1) == 0)) {
        fail(cpu, grant, "granted what is due", "it had to be refused");
    }
    if (invocation->slot != resolution->slot) {
        fail(cpu, grant, "granted what is due", "another capability was used");
    }
    if ((chain != NULL) != (resolution->hops != 0)) {
        fail(cpu, grant, "granted what is due", "proxies were not seen, or seen where there are none");
    }
    if (chain != NULL && (chain_rights(chain) != resolution->rights || chain_ttl(chain) != resolution->ttl ||
                          chain->badge != resolution->badge)) {
        fail(cpu, grant, "granted what is due", "other rights, another TTL or another badge");
    }
}

/* The handler was not reached: is there a reason, and is it told truly? */
static void refused_check(const struct cpu *cpu, const struct grant *grant, uint64_t error, uint64_t value) {
    if (error == R4_OK || (grant->refusals & oracle_bit((enum r4_error)error)) == 0) {
        fail(cpu, grant, "granted what is due", "refused for no reason that there is");
    }
    bool walked = error != R4_ERR_BUSY && (grant->resolution.refusals & oracle_bit((enum r4_error)error)) != 0;
    if (walked && value != grant->resolution.hops) {
        fail(cpu, grant, "granted what is due", "it does not tell how far it came");
    }
}

/* An operation that had begun has come to such an end: no refusal. */
static bool is_late(const struct call *call, uint64_t error) {
    bool taking = call->operation == R4_OP_CAP_REVOKE || call->operation == R4_OP_CAP_DELETE ||
                  call->operation == R4_OP_DEBUG_WAIT;
    return error == R4_ERR_REVOKED || (taking && (error == R4_ERR_CLUSTER_DOWN || error == R4_ERR_PROTOCOL));
}

/* Used up by a success, or by an operation that has begun, and by nothing else. */
static void once_check(const struct cpu *cpu, const struct grant *grant, bool reached, bool answered, uint64_t error) {
    if (grant->resolution.once == 0) {
        return;
    }
    uint64_t word = *(const uint64_t *)memory_host(grant->resolution.once);
    uint64_t used = r4_proxy_serial_put(r4_proxy_serial_get(grant->resolution.once_word));
    bool success = reached && (!answered || error == R4_OK || is_late(&grant->call, error));
    if (word != (success ? used : grant->resolution.once_word)) {
        fail(cpu, grant, "single use", success ? "the proxy is still there" : "the proxy is gone");
    }
    sim_count(&sim_totals->once, success);
}

/* --- what a success has done --- */

static const struct pd *argument_pd(const struct cpu *cpu, const struct grant *grant) {
    return (const struct pd *)(cpu->instance->direct + slot_object(grant->argument.slot) + R4_PAGE_SIZE);
}

/* A linked capability is the real one's child, with what the chain left of it. */
static void link_check(const struct cpu *cpu, const struct grant *grant) {
    const struct r4_slot *real = grant->resolution.slot;
    const struct r4_slot *linked = grant->target;
    uint64_t badge = slot_type(real) == R4_CAP_NOTIFICATION && real->word[1] == 0 ? grant->resolution.badge
                     : slot_type(real) == R4_CAP_FRAME                            ? 0
                                                                                  : real->word[1];
    bool same = linked != NULL && slot_type(linked) == slot_type(real) && slot_object(linked) == slot_object(real) &&
                slot_size_log2(linked) == slot_size_log2(real);
    if (!same || slot_version(linked) != grant->target_version + 1 || slot_flags(linked) != 0) {
        fail(cpu, grant, "links", "the new capability is not of the real one's object");
    }
    if (slot_prev(cpu->instance->direct, linked) != real || slot_depth(linked) != slot_depth(real) + 1) {
        fail(cpu, grant, "links", "the new capability is not the real one's child");
    }
    if (slot_rights(linked) != grant->resolution.rights || slot_ttl(linked) != grant->resolution.ttl ||
        linked->word[1] != badge) {
        fail(cpu, grant, "links", "other rights, TTL or badge than the chain's");
    }
}

/* A smaller untyped has the TTL that the chain leaves. Other objects are made bit by bit. */
static void retype_check(const struct cpu *cpu, const struct grant *grant) {
    const struct r4_slot *made = grant->target;
    enum r4_cap_type type = (enum r4_cap_type)r4_retype_type_get(grant->call.argument[0]);
    if (type == R4_CAP_UNTYPED && (made == NULL || slot_type(made) != type || slot_ttl(made) != grant->resolution.ttl ||
                                   slot_prev(cpu->instance->direct, made) != grant->resolution.slot)) {
        fail(cpu, grant, "retype", "something else was made");
    }
}

/* The mapping is in the address space that the argument means, and gives no more than the chain. */
static void map_check(const struct cpu *cpu, const struct grant *grant) {
    const struct pd *pd = argument_pd(cpu, grant);
    struct slot_mapping mapping = slot_mapping_get(grant->resolution.slot);
    uint64_t operation = grant->call.operation;
    bool in_window = operation == R4_OP_FRAME_MAP_PROXIES || operation == R4_OP_CAP_PAGE_MAP;
    uint64_t address = in_window ? R4_WINDOW_BASE + grant->call.argument[1] * R4_PAGE_SIZE : grant->call.argument[1];
    if (mapping.name != pd->window.name || mapping.name == 0) {
        fail(cpu, grant, "maps", "the mapping names another address space");
    }
    if (operation == R4_OP_PAGE_TABLE_MAP) {
        return;
    }
    const struct tlb_entry entry = tlb_walk(pd->root, address);
    bool write = (entry.leaf & PAGING_WRITE) != 0;
    bool exec = (entry.leaf & PAGING_NX) == 0;
    if (mapping.address != address || (entry.leaf & PAGING_ADDRESS) != slot_object(grant->resolution.slot)) {
        fail(cpu, grant, "maps", "something else is mapped there");
    }
    if ((write && (grant->resolution.rights & R4_WRITE) == 0) || (exec && (grant->resolution.rights & R4_EXEC) == 0) ||
        (in_window && exec) || (operation == R4_OP_CAP_PAGE_MAP && write)) {
        fail(cpu, grant, "maps", "more rights than the chain has");
    }
    uint64_t kind = operation == R4_OP_CAP_PAGE_MAP        ? PAGING_KIND_CAPS
                    : operation == R4_OP_FRAME_MAP_PROXIES ? PAGING_KIND_PROXIES
                                                           : PAGING_KIND_NONE;
    if (paging_kind_get(entry.leaf) != kind) {
        fail(cpu, grant, "maps", "the wrong mark");
    }
}

static void success_check(const struct cpu *cpu, const struct grant *grant) {
    uint64_t operation = grant->call.operation;
    if (grant->argument_refusals != 0) {
        fail(cpu, grant, "granted what is due", "its argument names nothing that it could use");
    }
    switch (operation) {
    case R4_OP_CAP_LINK:
        link_check(cpu, grant);
        break;
    case R4_OP_UNTYPED_RETYPE:
        retype_check(cpu, grant);
        break;
    case R4_OP_FRAME_MAP:
    case R4_OP_FRAME_MAP_PROXIES:
    case R4_OP_PAGE_TABLE_MAP:
    case R4_OP_CAP_PAGE_MAP:
        map_check(cpu, grant);
        break;
    case R4_OP_ASID_POOL_ASSIGN:
        if (grant->regs->rdx != argument_pd(cpu, grant)->window.name) {
            fail(cpu, grant, "names", "it answers another name than the one that it gave");
        }
        names_given(cpu->instance, (uint32_t)grant->regs->rdx);
        break;
    default:
        break;
    }
}

/* When a revoke says that it is done, nothing derives from its slot, whoever copied meanwhile. */
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

static void digest_check(const struct cpu *cpu, const struct grant *grant) {
    if (grant->digest != 0 && grant->digest != digest_of(cpu->instance, grant->thread)) {
        fail(cpu, grant, "refused calls change nothing", "something is not as before");
    }
}

static void totals_add(const struct grant *grant, uint64_t error) {
    if (error == R4_OK) {
        sim_count(&sim_totals->chains[grant->resolution.hops], 1);
        sim_count(&sim_totals->crossings[grant->resolution.crossings], 1);
    } else {
        sim_count(&sim_totals->refusals[error], 1);
    }
}

void oracle_result_after(const struct cpu *cpu) {
    struct grant *grant = &grants[cpu - sim.cpus];
    const struct invocation *invocation = &cpu_core(cpu)->invocation;
    if (!grant->open) {
        return;
    }
    grant->open = false;
    uint64_t error = grant->regs->rax;
    bool answered = error < R4_ERROR_COUNT;
    bool reached = invocation->slot != NULL;
    if (reached) {
        granted_check(cpu, grant, invocation);
    } else if (answered) {
        refused_check(cpu, grant, error, grant->regs->rdx);
    }
    once_check(cpu, grant, reached, answered, error);
    if (answered) {
        totals_add(grant, error);
    }
    if (!answered || !grant->quiet || cpu->mode != CPU_USER || cpu_core(cpu)->current != grant->thread) {
        return; /* the core may have done other things since */
    }
    if (error == R4_OK && reached) {
        success_check(cpu, grant);
    } else if (error != R4_OK && !is_late(&grant->call, error)) {
        digest_check(cpu, grant);
    }
}
