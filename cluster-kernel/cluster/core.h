/* SPDX-License-Identifier: MIT
 *
 * The state of one core, and what other cores may ask of it. It is in the cluster's own memory at core_at(index); a
 * core finds its own with machine_core(). Each group of fields names the lock that protects it.
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

/* What the holder of the lock can ask of a core; see sched/shootdown.c. */
enum core_request {
    CORE_REQUEST_NONE,
    CORE_REQUEST_FLUSH, /* drop the user translations */
    CORE_REQUEST_LEAVE  /* save the FPU, leave the thread and its address space, then choose again */
};

/* What a handler gets (call/invocation.h). One per core, since a core handles one call at a time. */
struct invocation {
    struct core *core;
    struct thread *caller;
    struct r4_slot *slot;      /* that was invoked: has the type and rights that the operation's row asks for */
    const struct chain *chain; /* of proxies that led to it; null: it was named directly */
    uint64_t argument[4];
    uint64_t value; /* out: returned with R4_OK */
};

struct core {
    struct machine_core machine; /* the machine's part; written by this core only */
    uint32_t index;              /* set once at the start */
    uint32_t apic_id;
    struct lock_node lock_node; /* see lock.h */

    /* enum core_request. The holder of the lock writes a request; this core, which does not hold the lock, clears it
     * once served. Both store with release (sched/shootdown.c, core.c): whoever sees it cleared sees the flush done. */
    _Alignas(R4_LINE_SIZE) _Atomic uint32_t request;

    /* Under the cluster lock; `current` may be cleared by another core that made this one leave it. */
    _Alignas(R4_LINE_SIZE) struct thread *current; /* runs in user mode, or has called the kernel; null while halted */
    struct thread *fpu;                            /* whose state is in the FPU registers; null: no thread's */
    struct pd *space;                              /* whose tables are loaded; null: the kernel's own */
    /* A fault of `current` waits for the lock. Written by this core before it queues up; read and cleared under the
     * lock, by this core or by the one that makes it leave the thread (its request, answered in between, orders the
     * two). */
    bool faulted;
    struct thread *served;               /* whom it serves, or did before a halt; READY here, or null */
    struct runqueue_member *slice_owner; /* whose slice ends at `slice_end`; in `queue`, or null (sched/slice.h) */
    uint64_t slice_end;                  /* tick for which the timer is armed; 0: it is not */
    uint64_t console_due;         /* tick at which it looks at the console; 0: never. The timer is armed for it */
    struct runqueue_member share; /* of the cluster's operations, in `queue` if a thread there is as urgent (sched.h) */
    struct operation *working;    /* the operation that it has paused and will resume (operation_hold()), or null */
    struct invocation invocation;
    struct chain chain; /* of the invocation, if it has one */
    bool reschedule;    /* choose again before the return to user mode */
    bool direct_stale;  /* may hold translations of memory that has left the direct map: drop them on the way out */
    bool idle;          /* halted, or about to be */
    struct runqueue queue;

    _Alignas(R4_PAGE_SIZE) struct trace_ring trace; /* see trace.h */
};
_Static_assert(sizeof(struct core) <= R4_CORE_STRIDE - R4_CORE_OFFSET, "a core's state outgrew its area");

/* This core leaves its thread: saves the FPU state and loads the kernel's own address space. The fields of struct core
 * are changed by the core that asked (leave_finish() in sched/shootdown.c). */
void core_leave(struct core *core);

/* Serves what the holder of the lock asks of this core; called without the lock, interrupts off. True if the core has
 * left its thread and must choose again. */
bool core_serve(struct core *core);

/* One turn of any wait loop: pauses, and serves what the holder of the lock asks. */
void core_wait_turn(struct core *core);

#endif
