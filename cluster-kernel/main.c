/* SPDX-License-Identifier: MIT
 *
 * kernel_start(): the boot order of one cluster, as a list. The machine calls it once on each core.
 */
#include "cluster/cluster.h"
#include "cluster/pools.h"
#include "diag/console.h"
#include "diag/fault_injection.h"
#include "diag/panic.h"
#include "dispatch.h"
#include "peer/mailbox.h"
#include "root.h"
#include "sched/sched.h"
#include "sched/stand.h"

/* This core's state, and its place in the cluster's table. */
static struct core *core_start(uint32_t index) {
    struct core *core = core_at(index);
    core->index = index;
    core->apic_id = boot_info()->apic_ids[index];
    cluster.cores[index] = core;
    trace_start(core);
    return core;
}

static void arrive(void) {
    struct r4_header *header = own_header();
    uint32_t arrived = atomic_load_explicit(&header->cores_arrived, memory_order_relaxed);
    /* This core reads no memory of the coordinator any more: pairs with all_arrived() of every cluster. */
    atomic_store_explicit(&header->cores_arrived, arrived + 1, memory_order_release);
}

/* Pairs with arrive(): the accesses of all cores to the coordinator's memory are over before the pool is written. */
static bool all_arrived(const struct r4_header *header) {
    return atomic_load_explicit(&header->cores_arrived, memory_order_acquire) == header->core_count;
}

/* The coordinator's memory may be part of a pool, so the pool is not written until every core of every cluster has left
 * the coordinator. */
static void wait_for_all(struct core *core) {
    for (uint32_t number = 0; number < cluster_count(); number++) {
        while (!all_arrived(header_of(number))) {
            core_wait_turn(core);
        }
    }
}

_Static_assert(sizeof(struct peer) <= R4_PEER_ROOM, "the root block may be too small for all peers");

/* Core 0 alone: the cluster's objects, peers and root task. */
static void cluster_start(struct core *core) {
    const struct r4_boot_info *info = boot_info();
    if (info->magic != R4_BOOT_INFO_MAGIC || info->version != R4_BOOT_INFO_VERSION) {
        panic("the boot information is of another version");
    }
    wait_for_all(core);
    cluster_enter(core);
    console_start();
    sched_start();
    stand_start();
    asid_table_init(&cluster.asids, this_cluster());
    walk_forget_all(&cluster.walk_pages);
    loan_map_init(&cluster.loans, pools_end());
    mailbox_start(root_memory(mailbox_memory_size(), R4_PAGE_SIZE));
    root_start();
    /* The rings before the state. No kernel waits for UP: this is for debuggers and the acquire loads of `state`. */
    atomic_store_explicit(&own_header()->state, R4_CLUSTER_UP, memory_order_release);
    fault_injection_run();
    dispatch(core);
}

void kernel_start(uint32_t core_index) {
    struct core *core = core_start(core_index);
    cluster_enter(core);
    arrive();
    if (core_index != 0) {
        dispatch(core); /* nothing to run yet: halts until core 0 gives it something */
        return;
    }
    cluster_exit(core);
    cluster_start(core);
}
