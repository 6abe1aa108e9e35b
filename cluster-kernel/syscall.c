/* SPDX-License-Identifier: MIT
 *
 * The only door: decode, resolve, table, write the result, choose what runs next.
 */
#include "core/resolve.h"
#include "invocation.h"
#include "object/handlers.h"
#include "sched.h"

struct operation_entry {
    struct outcome (*handler)(struct invocation *);
    uint32_t type;     /* enum r4_cap_type; EMPTY = any */
    uint32_t rights;   /* that the capability needs */
    uint32_t modifies; /* 1: changes the source capability's own state, so a proxy to it will need MODIFY */
};

/* One row per operation: its handler, the type that it is for, the rights it needs, whether it modifies the source. */
static const struct operation_entry table[] = {
    [R4_OP_COPY] = {cap_copy, R4_CAP_EMPTY, 0, 0},
    [R4_OP_MOVE] = {cap_move, R4_CAP_EMPTY, 0, 1},
    [R4_OP_DELETE] = {cap_delete, R4_CAP_EMPTY, 0, 1},
    [R4_OP_REVOKE] = {cap_revoke, R4_CAP_EMPTY, 0, 1},
    [R4_OP_INSPECT] = {cap_inspect, R4_CAP_EMPTY, 0, 0},
    [R4_OP_RETYPE] = {untyped_retype, R4_CAP_UNTYPED, R4_CONTROL, 1},
    [R4_OP_FRAME_MAP] = {frame_map_call, R4_CAP_FRAME, 0, 1},
    [R4_OP_FRAME_UNMAP] = {frame_unmap_call, R4_CAP_FRAME, 0, 1},
    [R4_OP_TABLE_MAP] = {page_table_map_call, R4_CAP_PAGE_TABLE, R4_CONTROL, 1},
    [R4_OP_TABLE_UNMAP] = {page_table_unmap_call, R4_CAP_PAGE_TABLE, R4_CONTROL, 1},
    [R4_OP_CAP_PAGE_MAP] = {cap_page_map_call, R4_CAP_CAP_PAGE, R4_CONTROL, 1},
    [R4_OP_CAP_PAGE_UNMAP] = {cap_page_unmap_call, R4_CAP_CAP_PAGE, R4_CONTROL, 1},
    [R4_OP_THREAD_CONFIGURE] = {thread_configure_call, R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_THREAD_SCHEDULE] = {thread_schedule_call, R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_THREAD_START] = {thread_start_call, R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_THREAD_STOP] = {thread_stop_call, R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_LINK_POST] = {link_post_call, R4_CAP_LINK, R4_CONTROL, 0},
    [R4_OP_LINK_HANDOFF] = {link_handoff_call, R4_CAP_LINK, R4_SEND, 0},
    [R4_OP_DEBUG_WRITE] = {debug_write, R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_MARK] = {debug_mark, R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_WAIT] = {debug_wait_remote, R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_STAT] = {debug_stat, R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_EXIT] = {debug_exit, R4_CAP_DEBUG, 0, 0},
};
_Static_assert(R4_COUNT(table) == R4_OP_COUNT, "each operation has its row");

enum r4_error invocation_refusal(const struct r4_slot *slot, enum r4_cap_type type) {
    if (slot_type(slot) != type) {
        return slot_type(slot) == R4_CAP_EMPTY ? R4_ERR_EMPTY : R4_ERR_TYPE;
    }
    return R4_ERR_BUSY;
}

/* The result of a call into the caller's registers, and the way out. */
static inline bool finish(struct core *core, struct thread *caller, uint64_t error, uint64_t value) {
    machine_regs_result(caller->registers, error, value);
    return sched_leave(core);
}

/* The handler is through. It may have stopped the caller, even ended it; then there is nobody to tell. */
static inline bool finish_handler(struct outcome outcome) {
    struct core *core = machine_core();
    struct invocation *invocation = &core->invocation;
    if (outcome.later == 0 && core->current == invocation->caller) {
        return finish(core, invocation->caller, outcome.error, invocation->value);
    }
    return sched_leave(core);
}

/* The lock is held. Inlined twice, so that the arguments stay where they came in. What is needed behind the handler is
 * read again from the core's invocation, so that nothing has to be kept across the call. */
static inline __attribute__((always_inline)) bool invoke(struct core *core, uint64_t cap, uint64_t operation,
                                                         uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3) {
    struct thread *caller = core->current;
    struct resolved resolved = resolve(machine_direct(), caller->pd->directories, this_cluster(), cap);
    if (operation >= R4_OP_COUNT) {
        return finish(core, caller, R4_ERR_OPERATION, 0);
    }
    bool joins = resolved.error == R4_ERR_BUSY && operation == R4_OP_REVOKE;
    if (resolved.error != R4_OK && !joins) {
        return finish(core, caller, resolved.error, 0);
    }
    const struct operation_entry *entry = &table[operation];
    if (entry->type != R4_CAP_EMPTY && entry->type != slot_type(resolved.slot)) {
        return finish(core, caller, R4_ERR_TYPE, 0);
    }
    if ((slot_rights(resolved.slot) & entry->rights) != entry->rights) {
        return finish(core, caller, R4_ERR_RIGHTS, 0);
    }
    core->invocation = (struct invocation){core, caller, resolved.slot, {a0, a1, a2, a3}, 0};
    return finish_handler(entry->handler(&core->invocation));
}

/* The lock was not free. */
static __attribute__((noinline)) bool wait_and_invoke(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1,
                                                      uint64_t a2, uint64_t a3) {
    struct core *core = machine_core();
    struct machine_regs *registers =
        core->current->registers; /* the caller stays current until this core serves a LEAVE */
    machine_regs_restart(registers, (const uint64_t[]){cap, operation, a0, a1, a2, a3});
    lock_wait(&core->lock_node, core);
    if (core->current == NULL) { /* taken off this core meanwhile: its call has not happened yet */
        sched_choose(core);
        return false;
    }
    machine_regs_go_on(registers);
    return invoke(core, cap, operation, a0, a1, a2, a3);
}

static inline __attribute__((always_inline)) bool call(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1,
                                                       uint64_t a2, uint64_t a3) {
    struct core *core = machine_core();
    if (lock_try(&cluster.lock, &core->lock_node)) {
        return invoke(core, cap, operation, a0, a1, a2, a3);
    }
    return wait_and_invoke(cap, operation, a0, a1, a2, a3);
}

/* Apart, so that tracing costs the path without it no register. */
static __attribute__((noinline, cold)) bool call_traced(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1,
                                                        uint64_t a2, uint64_t a3) {
    trace(TRACE_SYSCALL, cap, operation);
    bool quick = call(cap, operation, a0, a1, a2, a3);
    trace(TRACE_EXIT, (uintptr_t)machine_core()->current, operation);
    return quick;
}

bool kernel_syscall(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3) {
    if (__builtin_expect(trace_is_on(), false)) {
        return call_traced(cap, operation, a0, a1, a2, a3);
    }
    return call(cap, operation, a0, a1, a2, a3);
}
