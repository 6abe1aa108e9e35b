/* SPDX-License-Identifier: MIT
 *
 * Ringing other clusters. machine_send() makes every earlier store of this core visible before the interrupt.
 */
#include "cluster/doorbell.h"
#include "cluster/cluster.h"

void doorbell_ring(uint32_t number) {
    uint32_t apic_id = atomic_load_explicit(&peer_header(number)->doorbell_apic, memory_order_relaxed);
    trace(TRACE_DOORBELL, number, apic_id);
    cluster.doorbells_sent++;
    machine_send(apic_id, MACHINE_DOORBELL);
}

void doorbell_ring_all(void) {
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster()) {
            doorbell_ring(number);
        }
    }
}
