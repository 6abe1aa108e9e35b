/* SPDX-License-Identifier: MIT
 *
 * The MCS lock. Order: the exchange on `tail` and the release of `waiting` carry everything that the holder before
 * wrote.
 */
#include "lock.h"
#include "core.h"
#include "shootdown.h"

void lock_acquire(struct lock *lock, struct core *core) {
    struct lock_node *node = &core->lock_node;
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&node->waiting, 1, memory_order_relaxed);
    struct lock_node *before = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
    if (before == NULL) {
        return;
    }
    atomic_store_explicit(&before->next, node, memory_order_release);
    while (atomic_load_explicit(&node->waiting, memory_order_acquire) != 0) {
        core_wait_turn(core);
    }
}

void lock_release(struct lock *lock, struct core *core) {
    struct lock_node *node = &core->lock_node;
    struct lock_node *next = atomic_load_explicit(&node->next, memory_order_acquire);
    if (next == NULL) {
        struct lock_node *expected = node;
        if (atomic_compare_exchange_strong_explicit(&lock->tail, &expected, NULL, memory_order_acq_rel,
                                                    memory_order_relaxed)) {
            return;
        }
        do { /* somebody has exchanged the tail and is about to write our next */
            core_wait_turn(core);
            next = atomic_load_explicit(&node->next, memory_order_acquire);
        } while (next == NULL);
    }
    atomic_store_explicit(&next->waiting, 0, memory_order_release);
}
