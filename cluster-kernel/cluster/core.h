/* SPDX-License-Identifier: MIT
 *
 * The state of one core. It lies in the cluster's own memory at core_at(index); the core finds itself with
 * machine_core().
 */
#ifndef R4_KERNEL_CORE_H
#define R4_KERNEL_CORE_H

#include "cluster/addresses.h"
#include "cluster/lock.h"
#include "cluster/trace.h"
#include "pure/resolve.h"
#include "pure/runqueue.h"

struct operation;
struct thread;
struct pd;

/* What a core can be asked for by the holder of the lock; see sched/shootdown.c. */
enum core_request {
    CORE_REQUEST_NONE,
    CORE_REQUEST_FLUSH, /* drop the user translations */
    CORE_REQUEST_LEAVE  /* save the FPU, leave the thread and its address space, then choose again */
};

/* What a handler gets (see invocation.h); the core's, since it handles one at a time. */
struct invocation {
    struct core *core;
    struct thread *caller;
    struct r4_slot *slot; /* what was invoked: of the right type, with the rights that the table asks for, not busy */
    const struct chain *chain; /* of the proxies that led there; null: it was named directly */
    uint64_t argument[4];
    uint64_t value; /* out: returned beside R4_OK */
};

struct core {
    struct machine_core machine; /* the machine's part; written by this core only */
    uint32_t index;              /* set once at the start */
    uint32_t apic_id;
    struct lock_node lock_node; /* see lock.h */

    /* Asked and answered without the lock's help: */
    _Alignas(R4_LINE_SIZE) _Atomic uint32_t
        request; /* written by the holder of the lock (value, release), cleared by this core once served
                    (release): whoever sees it cleared sees the flush done */

    /* Under the cluster lock; `current` may be cleared by another core that made this one leave it. */
    _Alignas(R4_LINE_SIZE) struct thread *current; /* runs in user mode, or called; null while halted */
    struct thread *fpu;                            /* whose state is in the FPU registers; null: nobody's */
    struct pd *space;                              /* whose tables are loaded; null: the kernel's own */
    const struct thread *slice_owner;              /* whose slice `slice_end` ends: only compared, never followed */
    uint64_t slice_end;                            /* tick at which `current` yields to its peers; 0 = no timer armed */
    const struct operation *working; /* of the cluster's operations, which one it has in work: only compared */
    struct invocation invocation;
    struct chain chain; /* the invocation's, if it has one */
    bool reschedule;    /* choose again before the return to user mode */
    bool direct_stale;  /* may hold translations of what has left the direct map: to be dropped on the way out */
    bool idle;          /* halted, or about to be */
    struct runqueue queue;

    _Alignas(R4_PAGE_SIZE) struct trace_ring trace; /* see trace.h */
};
_Static_assert(sizeof(struct core) <= R4_CORE_STRIDE - R4_CORE_OFFSET, "a core's state outgrew its area");

/* Saves the FPU state and loads the kernel's own address space: what this core does to leave its thread. */
void core_leave(struct core *core);

/* Serves what the holder of the lock asks of this core; called without the lock. True if the core has left its thread
 * and must choose again. */
bool core_serve(struct core *core);

/* One turn of any wait loop: pauses, serves what other cores ask for. */
void core_wait_turn(struct core *core);

#endif
