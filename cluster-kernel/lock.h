/* SPDX-License-Identifier: MIT
 *
 * The one lock of a cluster: an MCS queue lock. Fair; each waiter spins on its own core's line. Taken at kernel entry,
 * given back before the return to user mode or the halt. A core that waits serves shootdowns, so the holder may wait
 * for it.
 */
#ifndef R4_KERNEL_LOCK_H
#define R4_KERNEL_LOCK_H

#include <r4/types.h>
#include <stdatomic.h>

struct lock_node {                                           /* one per core; own line */
    _Alignas(R4_LINE_SIZE) _Atomic(struct lock_node *) next; /* written by the core that queues behind */
    _Atomic uint32_t waiting;                                /* cleared by the core before, with release */
};

struct lock {
    _Alignas(R4_LINE_SIZE) _Atomic(struct lock_node *) tail; /* exchanged by every core that comes */
};

struct core;

/* Takes the cluster's lock; interrupts are off. May serve shootdowns meanwhile: what was read before is stale. */
void lock_acquire(struct lock *lock, struct core *core);
void lock_release(struct lock *lock, struct core *core);

/* True if another core waits for the lock that this one holds. */
static inline bool lock_is_wanted(const struct lock *lock, const struct lock_node *own) {
    return atomic_load_explicit(&lock->tail, memory_order_relaxed) != own;
}

#endif
