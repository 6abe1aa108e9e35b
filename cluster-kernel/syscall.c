/* SPDX-License-Identifier: MIT
 *
 * The only way from a program into the kernel: resolve the capability, find the operation's row in the table, check,
 * call the handler, write the result, choose what runs next. The machine calls kernel_syscall() (machine.h).
 *
 * Everything up to the handler is inlined into one function, so that values stay in registers.
 */
#include "call/handlers.h"
#include "call/invocation.h"
#include "dispatch.h"
#include "pure/compiler.h"
#include "pure/resolve.h"

struct operation_entry {
    struct outcome (*handler)(struct invocation *);
    uint16_t match;     /* required value of the low bits of the capability's word 0: the type, and no flag set */
    uint16_t mask;      /* the bits that are compared: without those of the type if any type is accepted */
    uint32_t may_wait;  /* 1: the call may wait for another cluster, or for an operation that does */
    uint64_t rights;    /* that the capability needs, as word 2 of a slot holds them */
    uint64_t via_proxy; /* that a chain of proxies needs, as word 0 of a proxy holds them */
};
R4_SIZE(struct operation_entry, 32);

/* Whether the call may wait for another cluster. tools/check_tree.py compares this column with what the handler
 * calls. */
#define AT_ONCE  0
#define MAY_WAIT 1

#define TYPE_BITS    ((1U << R4_CAP_TYPE_BITS) - 1)
#define REFUSED_BITS (SLOT_BUSY << r4_slot_flags_low)

/* The type: one, any, or any even while it is being revoked or created. */
#define TYPE(type) type, TYPE_BITS | REFUSED_BITS
#define ANY        0, REFUSED_BITS
#define EVEN_BUSY  0, 0

/* The rights, and those that a chain of proxies needs. LIKE: the same. MODIFIES: MODIFY as well, since the operation
 * changes the state in the source capability. LINKS: LINK as well. DIRECT: no proxies, since the operation is about the
 * slot itself. */
#define RIGHTS(rights, via_proxy)                                                                                      \
    (uint64_t)(rights) << r4_slot_rights_low, (uint64_t)((rights) | (via_proxy)) << r4_proxy_rights_low
#define LIKE(rights)     RIGHTS(rights, 0)
#define MODIFIES(rights) RIGHTS(rights, R4_MODIFY)
#define LINKS(rights)    RIGHTS(rights, R4_LINK)
#define DIRECT(rights)   RIGHTS(rights, RIGHT_NONE_HAS)

/* One row per operation: its handler, the type that it is for, whether it may wait, the rights that it needs and what
 * it needs through proxies. */
static const struct operation_entry table[] = {
    [R4_OP_CAP_COPY] = {sys_cap_copy, ANY, AT_ONCE, DIRECT(0)},
    [R4_OP_CAP_LINK] = {sys_cap_link, ANY, AT_ONCE, LINKS(0)},
    [R4_OP_CAP_MOVE] = {sys_cap_move, ANY, AT_ONCE, DIRECT(0)},
    [R4_OP_CAP_DELETE] = {sys_cap_delete, ANY, MAY_WAIT, DIRECT(0)},
    [R4_OP_CAP_REVOKE] = {sys_cap_revoke, EVEN_BUSY, MAY_WAIT, MODIFIES(0)},
    [R4_OP_CAP_INSPECT] = {sys_cap_inspect, ANY, AT_ONCE, LIKE(0)},
    [R4_OP_UNTYPED_RETYPE] = {sys_untyped_retype, TYPE(R4_CAP_UNTYPED), AT_ONCE, MODIFIES(R4_CONTROL)},
    [R4_OP_FRAME_MAP] = {sys_frame_map, TYPE(R4_CAP_FRAME), AT_ONCE, MODIFIES(0)},
    [R4_OP_FRAME_MAP_PROXIES] = {sys_frame_map_proxies, TYPE(R4_CAP_FRAME), AT_ONCE, MODIFIES(0)},
    [R4_OP_FRAME_PROTECT] = {sys_frame_protect, TYPE(R4_CAP_FRAME), AT_ONCE, MODIFIES(0)},
    [R4_OP_FRAME_UNMAP] = {sys_frame_unmap, TYPE(R4_CAP_FRAME), AT_ONCE, MODIFIES(0)},
    [R4_OP_PAGE_TABLE_MAP] = {sys_page_table_map, TYPE(R4_CAP_PAGE_TABLE), AT_ONCE, MODIFIES(R4_CONTROL)},
    [R4_OP_PAGE_TABLE_UNMAP] = {sys_page_table_unmap, TYPE(R4_CAP_PAGE_TABLE), AT_ONCE, MODIFIES(R4_CONTROL)},
    [R4_OP_CAP_PAGE_MAP] = {sys_cap_page_map, TYPE(R4_CAP_CAP_PAGE), AT_ONCE, MODIFIES(R4_CONTROL)},
    [R4_OP_CAP_PAGE_UNMAP] = {sys_cap_page_unmap, TYPE(R4_CAP_CAP_PAGE), AT_ONCE, MODIFIES(R4_CONTROL)},
    [R4_OP_THREAD_CONFIGURE] = {sys_thread_configure, TYPE(R4_CAP_THREAD), AT_ONCE, MODIFIES(R4_CONTROL)},
    [R4_OP_THREAD_SCHEDULE] = {sys_thread_schedule, TYPE(R4_CAP_THREAD), AT_ONCE, LIKE(R4_CONTROL)},
    [R4_OP_THREAD_START] = {sys_thread_start, TYPE(R4_CAP_THREAD), AT_ONCE, LIKE(R4_CONTROL)},
    [R4_OP_THREAD_STOP] = {sys_thread_stop, TYPE(R4_CAP_THREAD), AT_ONCE, LIKE(R4_CONTROL)},
    [R4_OP_PEER_POST] = {sys_peer_post, TYPE(R4_CAP_PEER), AT_ONCE, LIKE(R4_CONTROL)},
    [R4_OP_PEER_HANDOFF] = {sys_peer_handoff, TYPE(R4_CAP_PEER), MAY_WAIT, LIKE(R4_SEND)},
    [R4_OP_ASID_POOL_ASSIGN] = {sys_asid_pool_assign, TYPE(R4_CAP_ASID_POOL), AT_ONCE, LIKE(R4_CONTROL)},
    [R4_OP_DEBUG_WRITE] = {sys_debug_write, TYPE(R4_CAP_DEBUG), AT_ONCE, LIKE(0)},
    [R4_OP_DEBUG_MILESTONE] = {sys_debug_milestone, TYPE(R4_CAP_DEBUG), AT_ONCE, LIKE(0)},
    [R4_OP_DEBUG_WAIT] = {sys_debug_wait, TYPE(R4_CAP_DEBUG), MAY_WAIT, LIKE(0)},
    [R4_OP_DEBUG_STAT] = {sys_debug_stat, TYPE(R4_CAP_DEBUG), AT_ONCE, LIKE(0)},
    [R4_OP_DEBUG_EXIT] = {sys_debug_exit, TYPE(R4_CAP_DEBUG), AT_ONCE, LIKE(R4_CONTROL)},
};
_Static_assert(R4_COUNT(table) == R4_OP_COUNT, "each operation has its row");

/* --- the way out: each rare part ends the call, so that the hot one keeps nothing in a register across it --- */

static cold struct machine_regs *pass_lock(struct core *core, struct machine_regs *registers) {
    lock_pass(&core->lock_node, core);
    return registers;
}

static cold struct machine_regs *choose(struct core *core) {
    dispatch(core);
    return NULL;
}

/* Writes the result of a call to the caller's registers and leaves the kernel. */
static always_inline struct machine_regs *finish(struct core *core, uint64_t error, uint64_t value) {
    struct machine_regs *registers = core->current->registers;
    cluster_check_locked();
    machine_regs_result(registers, error, value);
    if (unlikely(core->reschedule)) {
        return choose(core);
    }
    return cluster_exit_try(core) ? registers : pass_lock(core, registers);
}

/* Why the capability in `slot` does not fit the row. */
static cold enum r4_error refusal(const struct operation_entry *entry, const struct r4_slot *slot) {
    if (slot_type(slot) == R4_CAP_EMPTY) {
        return R4_ERR_EMPTY;
    }
    return !slot_matches(slot, 0, entry->mask & REFUSED_BITS) ? R4_ERR_BUSY : R4_ERR_TYPE;
}

static cold struct machine_regs *finish_refused(struct core *core, const struct operation_entry *entry,
                                                const struct r4_slot *slot) {
    return finish(core, refusal(entry, slot), 0);
}

/* After a handler, if the core has to choose again. The result may follow later. Or the handler has stopped or even
 * destroyed the caller; then no result is written. */
static cold struct machine_regs *finish_and_choose(struct core *core, struct outcome outcome) {
    if (outcome.later == 0 && core->current == core->invocation.caller) {
        machine_regs_result(core->current->registers, outcome.error, core->invocation.value);
    }
    return choose(core);
}

/* After the handler. What is needed here is read again from the core's invocation. */
static always_inline struct machine_regs *finish_handler(struct outcome outcome) {
    struct core *core = machine_core();
    if (unlikely(core->reschedule)) {
        return finish_and_choose(core, outcome);
    }
    KERNEL_CHECK(outcome.later == 0 && core->current == core->invocation.caller);
    return finish(core, outcome.error, core->invocation.value);
}

/* --- the call --- */

/* All checks that are the same for all operations have passed: calls the handler. The invocation's chain is set. */
static always_inline struct machine_regs *handle(struct core *core, const struct operation_entry *entry,
                                                 struct r4_slot *slot) {
    struct invocation *invocation = &core->invocation;
    invocation->core = core;
    invocation->caller = core->current;
    invocation->slot = slot;
    invocation->value = 0;
    return finish_handler(entry->handler(invocation));
}

static always_inline bool fits(const struct operation_entry *entry, const struct r4_slot *slot) {
    return slot_matches(slot, entry->match, entry->mask);
}

/* Invokes a slot in a cap page of the caller's own window, named directly. */
static always_inline struct machine_regs *invoke_slot(struct core *core, struct r4_slot *slot, uint64_t operation) {
    if (unlikely(operation >= R4_OP_COUNT)) {
        return finish(core, R4_ERR_OPERATION, 0);
    }
    const struct operation_entry *entry = &table[operation];
    if (unlikely(slot_type(slot) == R4_CAP_EMPTY)) {
        return finish(core, R4_ERR_EMPTY, 0);
    }
    if (unlikely(!fits(entry, slot))) {
        return finish_refused(core, entry, slot);
    }
    if (unlikely(slot_lacks(slot, entry->rights))) {
        return finish(core, R4_ERR_RIGHTS, 0);
    }
    core->invocation.chain = NULL;
    return handle(core, entry, slot);
}

/* The walk has ended without a proxy: `cap` named the caller's own window by its asid, or nothing. */
static cold struct machine_regs *invoke_ended(struct core *core, uint64_t operation, struct resolved resolved) {
    if (operation < R4_OP_COUNT && resolved.slot == NULL) {
        return finish(core, resolved.error, 0);
    }
    return invoke_slot(core, resolved.slot, operation);
}

/* R4_OK if the row allows the capability in `slot` to be invoked through that chain. */
static always_inline enum r4_error via_proxy_check(const struct operation_entry *entry, const struct r4_slot *slot,
                                                   const struct chain *chain) {
    if (unlikely(!fits(entry, slot))) {
        return refusal(entry, slot);
    }
    if (unlikely((~chain->words & entry->via_proxy) != 0)) {
        return entry->via_proxy >> r4_proxy_rights_low == RIGHT_NONE_HAS ? R4_ERR_PROXY : R4_ERR_RIGHTS;
    }
    return R4_OK;
}

/* The walk went through at least one proxy and failed. */
static cold struct machine_regs *walk_failed(struct core *core, uint64_t operation, enum r4_error error) {
    return operation < R4_OP_COUNT ? finish(core, error, core->chain.hops) : finish(core, R4_ERR_OPERATION, 0);
}

/* `cap` is not the address of a slot in a cap page of the caller's own window: it leads through proxies, or nowhere. */
static noinline struct machine_regs *invoke_via_proxy(struct core *core, uint64_t operation, uint64_t cap,
                                                      const struct window *window) {
    const struct resolve_place place = {machine_direct(), own_cap_key(), &cluster.asids, &cluster.walk_pages};
    struct walk walk = WALK_FROM(window, cap);
    core->invocation.chain = &core->chain; /* at once, so that no register has to keep the address */
    struct resolved resolved;
    if (!walk_begin(&place, &walk, &core->chain, &resolved)) {
        return invoke_ended(core, operation, resolved);
    }
    resolved = walk_on(&place, &walk, &core->chain, UINT64_MAX); /* rising TTLs bound it */
    if (unlikely(resolved.slot == NULL)) {
        return walk_failed(core, operation, resolved.error);
    }
    if (unlikely(operation >= R4_OP_COUNT)) {
        return finish(core, R4_ERR_OPERATION, 0);
    }
    const struct operation_entry *entry = &table[operation];
    enum r4_error error = via_proxy_check(entry, resolved.slot, &core->chain);
    if (unlikely(error != R4_OK)) {
        return finish(core, error, 0);
    }
    return handle(core, entry, resolved.slot);
}

/* The lock is held; the arguments are in the core's invocation. */
static always_inline struct machine_regs *invoke(struct core *core, uint64_t cap, uint64_t operation) {
    const struct window *window = &core->current->pd->window;
    struct r4_slot *slot;
    if (resolve_direct(machine_direct(), window, own_cap_key(), cap, &slot)) {
        return invoke_slot(core, slot, operation);
    }
    return invoke_via_proxy(core, operation, cap, window);
}

/* The same out of line, for the callers that are not the hot path. */
static noinline struct machine_regs *invoke_out_of_line(struct core *core, uint64_t cap, uint64_t operation) {
    return invoke(core, cap, operation);
}

/* The lock was not free, and this core has queued up. */
static noinline struct machine_regs *wait_and_invoke(uint64_t cap, uint64_t operation) {
    struct core *core = machine_core();
    const uint64_t *argument = core->invocation.argument;
    /* The caller stays current until this core serves a LEAVE. */
    struct machine_regs *registers = core->current->registers;
    machine_regs_restart(registers,
                         (const uint64_t[]){cap, operation, argument[0], argument[1], argument[2], argument[3]});
    lock_wait(&cluster.lock, &core->lock_node, core);
    if (core->current == NULL) { /* the caller had to leave this core: it will make its call again */
        dispatch(core);
        return NULL;
    }
    machine_regs_go_on(registers);
    return invoke_out_of_line(core, cap, operation);
}

/* Stores the arguments where the handler finds them, which frees their registers. */
static always_inline struct core *arguments_put(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3) {
    struct core *core = machine_core();
    core->invocation.argument[0] = a0;
    core->invocation.argument[1] = a1;
    core->invocation.argument[2] = a2;
    core->invocation.argument[3] = a3;
    return core;
}

/* Out of line, so that the path without tracing needs no more registers. */
static cold struct machine_regs *call_traced(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1, uint64_t a2,
                                             uint64_t a3) {
    trace(TRACE_SYSCALL, cap, operation);
    struct core *core = arguments_put(a0, a1, a2, a3);
    bool free = lock_try(&cluster.lock, &core->lock_node);
    struct machine_regs *quick = free ? invoke_out_of_line(core, cap, operation) : wait_and_invoke(cap, operation);
    trace(TRACE_EXIT, (uintptr_t)machine_core()->current, operation);
    return quick;
}

struct machine_regs *kernel_syscall(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1, uint64_t a2,
                                    uint64_t a3) {
    if (unlikely(trace_is_on())) {
        return call_traced(cap, operation, a0, a1, a2, a3);
    }
    struct core *core = arguments_put(a0, a1, a2, a3);
    if (lock_try(&cluster.lock, &core->lock_node)) {
        return invoke(core, cap, operation);
    }
    return wait_and_invoke(cap, operation);
}
