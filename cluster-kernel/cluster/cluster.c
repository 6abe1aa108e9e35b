/* SPDX-License-Identifier: MIT
 *
 * The one cluster of this copy of the kernel.
 */
#include "cluster/cluster.h"

struct cluster cluster;

void cluster_range_leaves(phys_t base, uint32_t size_log2) {
    machine_direct_map(base, 1ULL << size_log2, false);
    for (uint32_t i = 0; i < core_count(); i++) {
        cluster.cores[i]->direct_stale = true;
        cluster.cores[i]->reschedule = true;
    }
}
