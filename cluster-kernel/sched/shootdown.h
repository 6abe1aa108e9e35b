/* SPDX-License-Identifier: MIT
 *
 * Makes other cores of the cluster drop translations, threads and address spaces. The caller holds the cluster lock.
 * The other cores are in user mode or halted, so the interrupt reaches them, or wait for the lock, and the wait loop
 * serves the request: each answers in bounded time. If one does not within SHOOTDOWN_BOUND_MS, a panic names it.
 */
#ifndef R4_KERNEL_SHOOTDOWN_H
#define R4_KERNEL_SHOOTDOWN_H

#include "object/pd.h"

#define SHOOTDOWN_BOUND_MS 10000U

/* Notes that the cores which have `pd` loaded may hold translations that have just been removed from its tables. */
static inline void shootdown_note(const struct pd *pd) { cluster.noted_cores |= pd->cores; }

/* When these return, all noted cores have dropped their user translations. */
void shootdown_noted(struct core *core);
static inline void shootdown_flush(struct core *core) {
    if (cluster.noted_cores != 0) {
        shootdown_noted(core);
    }
}

/* When this returns, no core runs the thread or holds its FPU state: such a core has saved the FPU state and has left
 * the thread and its address space. The thread's registers and FPU state are in its object. */
void shootdown_thread(struct core *core, struct thread *thread);

/* When this returns, no core has this address space loaded. */
void shootdown_space(struct core *core, struct pd *pd);

#endif
