/* SPDX-License-Identifier: MIT
 *
 * The MCS lock: the slow paths. What the previous holder wrote is ordered before what the next one reads: by the two
 * accesses of `tail` if the lock was free in between, by the two accesses of `waiting` if it was passed on.
 */
#include "cluster/lock.h"
#include "cluster/core.h"

void lock_wait(struct lock *lock, struct lock_node *node, struct core *core) {
    atomic_store_explicit(&node->waiting, 1, memory_order_relaxed);
    /* Pairs with the load of `next` in lock_pass(): our `waiting = 1` before the previous core can clear it. */
    atomic_store_explicit(&node->before->next, node, memory_order_release);
    /* Pairs with the store of `waiting` in lock_pass(): all that the previous holder wrote. */
    while (atomic_load_explicit(&node->waiting, memory_order_acquire) != 0) {
        core_wait_turn(core);
    }
    lock_note(lock, node);
}

void lock_pass(struct lock_node *node, struct core *core) {
    struct lock_node *next;
    /* Pairs with the store of `next` in lock_wait(). */
    while ((next = atomic_load_explicit(&node->next, memory_order_acquire)) == NULL) {
        core_wait_turn(core); /* another core has exchanged the tail and is about to write our `next` */
    }
    /* Pairs with the load of `waiting` in lock_wait(): all that this holder wrote. */
    atomic_store_explicit(&next->waiting, 0, memory_order_release);
}
