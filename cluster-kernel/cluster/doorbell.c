/* SPDX-License-Identifier: MIT
 *
 * Ringing other clusters, and who has rung. machine_send() makes every earlier store of this core visible before the
 * interrupt.
 */
#include "cluster/doorbell.h"
#include "cluster/cluster.h"
#include "pure/compiler.h"

/* What the peer's header says is checked: an id that is no processor's, or everybody's, must not reach the APIC. */
static always_inline uint32_t target_of(uint32_t number) {
    struct r4_boot_apics apics = boot_info()->apics[number];
    uint32_t apic_id = atomic_load_explicit(&peer_header(number)->doorbell_apic, memory_order_relaxed);
    return apic_id - apics.first <= apics.last - apics.first ? apic_id : apics.first;
}

static always_inline void count(uint32_t number) {
    struct r4_ring *ring = ring_out(number);
    /* This cluster alone writes it, under its lock. Pairs with has_rung() there: see mailbox.h. */
    uint32_t rung = atomic_load_explicit(&ring->rung, memory_order_relaxed);
    atomic_store_explicit(&ring->rung, rung + 1, memory_order_relaxed);
}

void doorbell_send(uint32_t number) {
    count(number);
    machine_send(target_of(number), machine_doorbell(this_cluster()));
}

void doorbell_ring_for_message(uint32_t number) {
    uint32_t apic_id = target_of(number);
    machine_send(apic_id, machine_doorbell(this_cluster()));
    trace(TRACE_DOORBELL, number, apic_id);
    cluster.doorbells_sent++;
}

void doorbell_ring(uint32_t number) {
    count(number);
    doorbell_ring_for_message(number);
}

void doorbell_ring_all(void) {
    cluster.to_ring = ~0ULL >> (64 - cluster_count()) & ~(1ULL << this_cluster());
    doorbell_ring_rest();
}

void doorbell_ring_rest(void) {
    cluster_check_locked();
    for (uint32_t count = 0; cluster.to_ring != 0 && count < DOORBELLS_AT_A_TIME; count++) {
        doorbell_ring((uint32_t)__builtin_ctzll(cluster.to_ring));
        cluster.to_ring &= cluster.to_ring - 1;
    }
    if (cluster.to_ring != 0) {
        cluster.poll = true;
        machine_core()->reschedule = true;
    }
}

static always_inline bool has_rung(uint32_t number) {
    if (number == this_cluster()) {
        return false; /* there is no ring to itself */
    }
    /* Pairs with count() of that peer. Relaxed: what it rang for has its own order. */
    uint32_t rung = atomic_load_explicit(&ring_in(number)->rung, memory_order_relaxed);
    if (rung == cluster.answered[number]) {
        return cluster.linked && ring_has_message(&cluster.peers[number]->in);
    }
    cluster.answered[number] = rung;
    return true;
}

uint64_t doorbell_answer(void) {
    cluster_check_locked();
    uint64_t rang = 0;
    for (uint32_t left = cluster.rung; left != 0; left &= left - 1) {
        for (uint32_t number = (uint32_t)__builtin_ctz(left); number < cluster_count(); number += MACHINE_DOORBELLS) {
            if (has_rung(number)) {
                rang |= 1ULL << number;
            }
        }
    }
    cluster.rung = 0;
    return rang;
}
