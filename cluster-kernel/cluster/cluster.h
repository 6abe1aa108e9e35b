/* SPDX-License-Identifier: MIT
 *
 * The state of the cluster that is not per core. All of it is under the one lock, except what is written once at boot.
 * Most of the kernel may use it; pure/ may not.
 */
#ifndef R4_KERNEL_CLUSTER_H
#define R4_KERNEL_CLUSTER_H

#include "cluster/core.h"
#include "peer/peer.h"
#include "pure/asid.h"
#include "pure/operation.h"

#define STAND_BUCKET_BITS 8U

struct cluster {
    struct lock lock;
    struct core *cores[R4_MAX_CORES];              /* written once at boot */
    struct peer *peers[R4_MAX_CLUSTERS];           /* by number; null for this cluster; written once at boot */
    struct operation *operations;                  /* all that are under way, for debuggers and checks */
    struct runqueue orphans;                       /* operations that the cluster has to run, and that can run now */
    struct stand *stands[1U << STAND_BUCKET_BITS]; /* where operations stand, by slot (sched/stand.h) */
    uint64_t stand_key;                            /* of the hash; written once at boot */
    bool poll;                                     /* poll_all() has to be called (again) */
    uint32_t rung;      /* bit per doorbell that has come: `rung` of a peer with that doorbell may have changed */
    bool linked;        /* the peer records and mailboxes are set up */
    uint64_t to_ring;   /* bit per peer that doorbell_ring_all() has not rung yet */
    uint64_t awaited;   /* bit per peer on whose milestones somebody may wait */
    uint64_t look;      /* bit per peer that has to be looked at (again): it has rung, or has more messages */
    uint32_t look_next; /* where the look goes on that made way */
    uint32_t answered[R4_MAX_CLUSTERS]; /* the `rung` of each peer that has been seen */
    uint64_t noted_cores;  /* bit per core that shootdown_flush() has to ask; 0 whenever the lock is free */
    uint64_t idle_cores;   /* bit per halted core */
    struct loan_map loans; /* what is lent and received */
    struct asid_table asids;
    struct walk_pages walk_pages;
    uint32_t peer_priority; /* at which poll_all() is called: the highest of all peers; written once at boot */
    uint64_t slice_ticks;   /* of a thread among equals; written once at boot */
    uint64_t messages_sent;
    uint64_t doorbells_sent;
    uint64_t operations_resumed;
    uint64_t loan_messages_dropped; /* that did not fit the record they named: stale, forged, or too early */
};

extern struct cluster cluster;

/* Takes the lock for this core; gives it back. Interrupts are off. */
static inline void cluster_enter(struct core *core) { lock_acquire(&cluster.lock, &core->lock_node, core); }
static inline void cluster_exit(struct core *core) {
    KERNEL_CHECK(cluster.noted_cores == 0);
    lock_release(&cluster.lock, &core->lock_node, core);
}
static inline bool cluster_exit_try(struct core *core) { /* the first half: else it must call lock_pass() */
    KERNEL_CHECK(cluster.noted_cores == 0);
    return lock_release_try(&cluster.lock, &core->lock_node);
}

/* The contract of most functions: this core holds the lock. */
static inline void cluster_check_locked(void) { KERNEL_CHECK(cluster.lock.holder == &machine_core()->lock_node); }

/* Memory leaves this cluster: removes it from the direct map. No object is left in it. Stale translations of the direct
 * map may remain, which no code uses; each core drops them on its next way out of the kernel. */
void cluster_range_leaves(phys_t base, uint32_t size_log2);

/* At preemption points: true if the holder should yield, because another core wants the lock or an event is pending. */
static inline bool cluster_should_yield(const struct core *core) {
    return lock_is_wanted(&cluster.lock, &core->lock_node) || machine_event_pending();
}

#endif
