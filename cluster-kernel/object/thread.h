/* SPDX-License-Identifier: MIT
 *
 * Thread: the kernel part. One 4 KiB object. All fields are under the cluster lock, except the registers and the FPU
 * area while a core runs the thread: then only that core uses them. The callers hold the cluster lock.
 */
#ifndef R4_KERNEL_THREAD_H
#define R4_KERNEL_THREAD_H

#include "cluster/core.h"
#include "pure/object_size.h"
#include "pure/operation.h"

enum thread_state {
    THREAD_STOPPED, /* new, stopped, or stopped by a fault */
    THREAD_READY,   /* in its core's run queue, running or not */
    THREAD_BLOCKED  /* until its operation, which waits or which the cluster runs, has ended */
};

#define THREAD_LINE 120U /* bytes of debug output kept until the line is complete */

struct thread {
    struct machine_regs *registers; /* where the machine saves and restores them; always &saved today */
    struct runqueue_member queue;   /* in core_at(core)->queue while READY */
    enum thread_state state;
    uint32_t core; /* index of the core on which it runs */
    bool faulted; /* it had a fault while a core was made to leave it: the dispatcher stops it instead of resuming it */
    struct pd *pd;                                       /* valid while pd_slot is in a list; null = not configured */
    struct r4_slot pd_slot __attribute__((aligned(32))); /* internal: a child of the PD cap that configured it */
    struct operation operation;                          /* of its present call */
    uint64_t line_wait_end; /* tick until which a line waits for room in the log; 0: none does */
    uint32_t line_length;
    char line[THREAD_LINE];
    struct machine_regs saved;
    _Alignas(64) uint8_t fpu[MACHINE_FPU_SIZE];
};
_Static_assert(sizeof(struct thread) <= 1U << THREAD_LOG2, "a thread outgrew its object");

/* Fills in a zeroed thread object. */
void thread_init(phys_t object);

/* The thread of a Thread cap. */
struct thread *thread_of(const struct r4_slot *slot);

/* Binds a stopped thread to the PD of `pd_cap` (a live PD cap, depth below the maximum) and gives it its first
 * registers. */
void thread_configure(struct thread *thread, struct r4_slot *pd_cap, uint64_t entry, uint64_t stack, uint64_t argument);

/* Stops a thread in any state: afterwards it is in no run queue and on no core. The cluster continues its operation. */
void thread_stop(struct thread *thread);

/* Its PD cap is removed: the thread is stopped and not configured any more. Called when pd_slot is removed. */
void thread_detach_pd(struct thread *thread);

/* Its last cap is removed: the thread is stopped, its reference to the PD removed, its operation abandoned. If that
 * continues, pd_slot has taken the place of the cap until it has ended, and is returned; the slot of the cap is empty
 * then. Null: the memory is free. */
struct r4_slot *thread_destroy(struct r4_slot *slot);

/* The thread of such a slot. */
struct thread *thread_dying(struct r4_slot *slot);

#endif
