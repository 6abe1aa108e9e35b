/* SPDX-License-Identifier: MIT
 *
 * The one lock of a cluster: an MCS queue lock. Fair: first come, first served; each waiter spins on its own core's
 * cache line. Taken at kernel entry, given back before the return to user mode or the halt. A core that waits for it
 * serves shootdowns, so the holder may wait for such a core. Interrupts are off from before lock_try() to after the
 * release. In a cluster of one core nobody else wants it, and it is skipped: a choice of the boot linker.
 */
#ifndef R4_KERNEL_LOCK_H
#define R4_KERNEL_LOCK_H

#include <r4/contract.h>
#include <r4/types.h>
#include <stdatomic.h>
#include <x86/linker_constants.h>

struct lock_node {                                           /* one per core; own line */
    _Alignas(R4_LINE_SIZE) _Atomic(struct lock_node *) next; /* written by the core that queues after this one */
    _Atomic uint32_t waiting;                                /* cleared by the previous core, with release */
    struct lock_node *before;                                /* used by this core only: after whom it queued up */
};

struct lock {
    _Alignas(R4_LINE_SIZE) _Atomic(struct lock_node *) tail; /* exchanged by every core that wants the lock */
    const struct lock_node *holder; /* written by the holder where contracts are checked; else null */
};

struct core;

LINKER_CHOICE(lock_is_shared, r4_linker_skip_lock)

/* Notes who holds the lock, for contracts: called after it is taken, and with null before it is given back. */
static inline void lock_note(struct lock *lock, const struct lock_node *holder) {
    if (KERNEL_CHECKS) {
        lock->holder = holder;
    }
}

/* The first half: true if the lock was free and is now held; else the core has queued up and must call lock_wait(). */
static inline bool lock_try(struct lock *lock, struct lock_node *node) {
    if (!lock_is_shared()) {
        lock_note(lock, node);
        return true;
    }
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    /* Acquire pairs with the exchange of `tail` in lock_release(): all that the previous holder wrote, if the lock was
     * free. Release pairs with the acquire of the next core here: our `next = NULL` before that core can write it. */
    struct lock_node *before = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
    if (before == NULL) {
        lock_note(lock, node);
        return true;
    }
    node->before = before;
    return false;
}

/* The second half, out of line. */
void lock_wait(struct lock *lock, struct lock_node *node, struct core *core);

/* Passes the lock on to the core that has queued up after this one. */
void lock_pass(struct lock_node *node, struct core *core);

/* Takes the lock. May serve shootdowns while it waits, so whatever was read before is stale. */
static inline void lock_acquire(struct lock *lock, struct lock_node *node, struct core *core) {
    if (!lock_try(lock, node)) {
        lock_wait(lock, node, core);
    }
}

/* The first half of giving the lock back, which this core holds: true if it is free now; else another core has queued
 * up, and this one must call lock_pass(). */
static inline bool lock_release_try(struct lock *lock, struct lock_node *node) {
    struct lock_node *expected = node;
    KERNEL_CHECK(lock->holder == node);
    lock_note(lock, NULL);
    if (!lock_is_shared()) {
        return true;
    }
    /* Release pairs with the exchange in lock_try(): all that this holder wrote. */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &expected, NULL, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

/* Gives the lock back; this core holds it. */
static inline void lock_release(struct lock *lock, struct lock_node *node, struct core *core) {
    if (!lock_release_try(lock, node)) {
        lock_pass(node, core);
    }
}

/* True if another core waits for the lock that this one holds. */
static inline bool lock_is_wanted(const struct lock *lock, const struct lock_node *own) {
    return lock_is_shared() && atomic_load_explicit(&lock->tail, memory_order_relaxed) != own;
}

#endif
