/* SPDX-License-Identifier: MIT
 *
 * Kernel instances: each is loaded by the boot linker, with linker constants of its own, at fixed addresses of its own
 * below 2 GiB. It gets the areas and the boot information that the coordinator would give it.
 */
#ifndef R4_SIM_INSTANCE_H
#define R4_SIM_INSTANCE_H

#include "object/pd.h"
#include "sim.h"

struct instance {
    uint32_t number;
    bool dead; /* its processors have stopped for ever, whatever they were doing */
    struct r4_layout_cluster layout;
    uintptr_t direct;
    uintptr_t data; /* all that the image may write */
    size_t data_size;
    struct r4_boot_info *info;
    struct r4_header *header;
    struct cluster *cluster; /* its own variables */
    struct cpu *cpus;        /* layout.core_count of them */

    /* upcalls */
    void (*start)(uint32_t core_index);
    void (*syscall)(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3);
    void (*event)(enum machine_event event);
    void (*fault)(uint64_t vector, uint64_t error, uint64_t address);
    /* for the end of the seed: audit_revoke_roots() */
    void (*operation_start_orphan)(struct operation *, enum operation_kind, struct r4_slot *, uint32_t priority);
    void (*revoke_begin)(struct operation *);
};

/* Loads the kernel object `path` sim.cluster_count times and fills sim.instances and sim.cpus; memory_create() has
 * been called. */
void instance_load_all(const char *path);

/* Rings a peer as the instance would; itself: nothing happens. */
void instance_ring(const struct instance *instance, uint32_t peer);

/* True if no processor is inside that cluster's critical section: then all invariants of its state hold. A cluster of
 * one core has no use for the lock's tail. */
static inline bool instance_is_calm(const struct instance *instance) {
    return atomic_load(&instance->cluster->lock.tail) == NULL && instance->cluster->lock.holder == NULL;
}

#endif
