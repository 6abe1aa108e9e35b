/* SPDX-License-Identifier: MIT
 *
 * The MCS lock. Order: the exchange on `tail` and the release of `waiting` carry everything that the holder before
 * wrote.
 */
#include "cluster/lock.h"
#include "cluster/core.h"

void lock_wait(struct lock *lock, struct lock_node *node, struct core *core) {
    atomic_store_explicit(&node->waiting, 1, memory_order_relaxed); /* before the one before can know of us */
    atomic_store_explicit(&node->before->next, node, memory_order_release);
    while (atomic_load_explicit(&node->waiting, memory_order_acquire) != 0) {
        core_wait_turn(core);
    }
    lock_note(lock, node);
}

void lock_pass(struct lock_node *node, struct core *core) {
    struct lock_node *next;
    while ((next = atomic_load_explicit(&node->next, memory_order_acquire)) == NULL) {
        core_wait_turn(core); /* somebody has exchanged the tail and is about to write our next */
    }
    atomic_store_explicit(&next->waiting, 0, memory_order_release);
}
