/* SPDX-License-Identifier: MIT
 *
 * For a test of one file of cluster-kernel/ that is not pure (kernel_X.c tests X.c): what the boot linker and the
 * coordinator give to a kernel, here to cluster 1 of 4. The files that X.c calls and the machine
 * (cluster-kernel/machine.h) are fakes in the test. Linker constants are symbols, so those that name an area are the
 * areas themselves. Included once.
 */
#ifndef R4_TESTS_KERNEL_H
#define R4_TESTS_KERNEL_H

#include "cluster/cluster.h"
#include "suite.h"

#define KERNEL_CLUSTERS 4U
#define KERNEL_OWN      1U

__asm__(".globl r4_linker_cluster, r4_linker_cluster_count, r4_linker_core_count, r4_linker_ring_slots\n"
        ".globl r4_linker_skip_trace, r4_linker_skip_lock, r4_linker_direct_map, r4_linker_cores\n"
        ".set r4_linker_cluster, 1\n.set r4_linker_cluster_count, 4\n.set r4_linker_core_count, 1\n"
        ".set r4_linker_ring_slots, 1\n.set r4_linker_skip_trace, 5\n.set r4_linker_skip_lock, 0\n"
        ".set r4_linker_direct_map, 0\n.set r4_linker_cores, 0\n");

struct r4_boot_info r4_linker_boot_info;
struct r4_header r4_linker_header;
_Alignas(R4_PAGE_SIZE) uint8_t r4_linker_headers[KERNEL_CLUSTERS][R4_PAGE_SIZE];
_Alignas(R4_PAGE_SIZE) uint8_t r4_linker_rings_in[KERNEL_CLUSTERS][R4_RING_STRIDE];
_Alignas(R4_PAGE_SIZE) uint8_t r4_linker_rings_out[KERNEL_CLUSTERS][R4_RING_STRIDE];

/* The cluster, whose lock this one core holds. */
static struct core own_core;
struct cluster cluster = {.lock = {.holder = &own_core.lock_node}};
static struct core *machine_core_is = &own_core; /* whose code runs */
struct core *machine_core(void) {
    return machine_core_is;
}

/* Any cluster's header, writable. */
static inline struct r4_header *kernel_header(uint32_t number) {
    return number == KERNEL_OWN ? &r4_linker_header : (struct r4_header *)r4_linker_headers[number];
}

static inline void kernel_panics(uint32_t number) { atomic_store(&kernel_header(number)->state, R4_CLUSTER_SILENT); }

#endif
