/* SPDX-License-Identifier: MIT
 *
 * Making other cores of the cluster forget: translations, threads, address spaces. The caller holds the cluster lock;
 * the cores asked are in user mode or halted (the interrupt reaches them) or wait for the lock (the wait loop serves
 * it), so each answers in bounded time. One that does not within SHOOTDOWN_BOUND_MS is named in a panic.
 */
#ifndef R4_KERNEL_SHOOTDOWN_H
#define R4_KERNEL_SHOOTDOWN_H

#include "cluster/cluster.h"

#define SHOOTDOWN_BOUND_MS 10000U

/* Remembers that cores which run `pd` may hold translations that have just been taken out of its tables. */
static inline void shootdown_note(const struct pd *pd) { cluster.noted_cores |= pd->cores; }

/* All cores noted have dropped their user translations when this returns. */
void shootdown_noted(struct core *core);
static inline void shootdown_flush(struct core *core) {
    if (cluster.noted_cores != 0) {
        shootdown_noted(core);
    }
}

/* The thread does not run anywhere when this returns: if a core runs it, that core has saved its FPU state, left it and
 * left its address space. Its registers are in its kernel part. */
void shootdown_thread(struct core *core, struct thread *thread);

/* No core has this address space loaded when this returns. */
void shootdown_space(struct core *core, struct pd *pd);

#endif
