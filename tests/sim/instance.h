/* SPDX-License-Identifier: MIT
 *
 * Kernel copies: loaded by the boot linker, each with its own constants, at its own fixed addresses below 2 GiB, with
 * the areas and the boot information that the coordinator would give it.
 */
#ifndef R4_SIM_INSTANCE_H
#define R4_SIM_INSTANCE_H

#include "cluster/cluster.h"
#include "sim.h"

struct instance {
    uint32_t number;
    bool dead; /* its processors have stopped for ever, in the middle of whatever they did */
    struct r4_layout_cluster layout;
    uintptr_t direct;
    struct r4_boot_info *info;
    struct r4_header *header;
    struct cluster *cluster; /* the copy's own variables */
    struct cpu *cpus;        /* layout.core_count of them */

    /* upcalls */
    void (*start)(uint32_t core_index);
    void (*syscall)(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3);
    void (*event)(enum machine_event event);
    void (*fault)(uint64_t vector, uint64_t error, uint64_t address);
    /* for the seed's end, see schedule.c */
    void (*operation_start_orphan)(struct operation *, enum operation_kind, struct r4_slot *, uint32_t priority);
    void (*revoke_begin)(struct operation *);
};

/* Loads sim.cluster_count copies of the kernel object `path` and fills sim.instances and sim.cpus; memory_create() has
 * been called. */
void instance_load_all(const char *path);

/* True if no processor is inside that cluster's critical section: its state is as good as its invariants say. */
static inline bool instance_is_calm(const struct instance *instance) {
    return atomic_load(&instance->cluster->lock.tail) == NULL;
}

#endif
