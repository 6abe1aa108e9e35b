/* SPDX-License-Identifier: MIT
 *
 * The state of the cluster that is not per core. All of it under the one lock, but what is written once at boot.
 */
#ifndef R4_KERNEL_CLUSTER_H
#define R4_KERNEL_CLUSTER_H

#include "cluster/core.h"
#include "object/pd.h"
#include "peer/peer.h"
#include "pure/operation.h"

struct cluster {
    struct lock lock;
    struct core *cores[R4_MAX_CORES];    /* written once at boot */
    struct peer *peers[R4_MAX_CLUSTERS]; /* by peer; null for the own number; written once at boot */
    struct operation *waiters;           /* what only waits: joins, hand-offs, waits for marks */
    struct operation *operations;        /* all that are under way */
    struct operation drain;              /* takes dying cap pages apart, one slot after the other */
    struct r4_slot *dying; /* header of the first dying cap page; their badge links to the next (slot address / 32) */
    uint32_t work;         /* orphaned operations that could run now */
    bool poll;             /* mailboxes have to be looked at again */
    bool linked;           /* links exist: doorbells mean something */
    uint64_t noted_cores;  /* bit per core that shootdown_flush() has to ask; 0 whenever the lock is free */
    uint64_t idle_cores;   /* bit per halted core */
    struct asid_table asids;
    uint32_t peer_priority; /* at which messages are taken in: the highest of any link; once at boot */
    uint64_t slice_ticks;   /* of a thread among equals; written once at boot */
    uint64_t messages_sent;
    uint64_t doorbells_sent;
    uint64_t operations_resumed;
};

extern struct cluster cluster;

/* Takes the lock for this core, gives it back. Interrupts are off. */
static inline void cluster_enter(struct core *core) { lock_acquire(&cluster.lock, &core->lock_node, core); }
static inline void cluster_exit(struct core *core) {
    KERNEL_CHECK(cluster.noted_cores == 0);
    lock_release(&cluster.lock, &core->lock_node, core);
}

/* The contract of most functions: this core holds the lock. */
static inline void cluster_check_locked(void) { KERNEL_CHECK(cluster.lock.holder == &machine_core()->lock_node); }

/* Memory leaves this cluster: it goes from the direct map. Nobody is left in it, and only stale translations of the
 * direct map may remain, which no code uses. Each core drops them on its next way out of the kernel. */
void cluster_range_leaves(phys_t base, uint32_t size_log2);

/* At preemption points: true if the holder should stop and go on later. */
static inline bool cluster_should_yield(const struct core *core) {
    return lock_is_wanted(&cluster.lock, &core->lock_node) || machine_event_pending();
}

#endif
