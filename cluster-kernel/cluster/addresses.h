/* SPDX-License-Identifier: MIT
 *
 * Where things are in the address space of this copy of the kernel: typed names for the linker constants. Each is an
 * immediate operand that the boot linker fills in. Any file of the kernel may use them.
 */
#ifndef R4_KERNEL_ADDRESSES_H
#define R4_KERNEL_ADDRESSES_H

#include "machine.h"
#include <r4/bootinfo.h>
#include <r4/mailbox.h>
#include <x86/linker_constants.h>

static inline uint32_t this_cluster(void) { return (uint32_t)LINKER_CONSTANT_32(r4_linker_cluster); }
/* The bits above the index in a cap address of the caller's own window: this cluster, and asid 0. */
static inline uint64_t own_cap_key(void) { return LINKER_CONSTANT_32(r4_linker_cluster); }
static inline uint32_t cluster_count(void) { return (uint32_t)LINKER_CONSTANT_32(r4_linker_cluster_count); }
static inline uint32_t core_count(void) { return (uint32_t)LINKER_CONSTANT_32(r4_linker_core_count); }
static inline uint32_t ring_slots(void) { return (uint32_t)LINKER_CONSTANT_32(r4_linker_ring_slots); }

static inline const struct r4_boot_info *boot_info(void) {
    return (const struct r4_boot_info *)LINKER_CONSTANT_64(r4_linker_boot_info);
}
static inline struct r4_header *own_header(void) { return (struct r4_header *)LINKER_CONSTANT_64(r4_linker_header); }
static inline const struct r4_header *peer_header(uint32_t peer) {
    return (const struct r4_header *)(LINKER_CONSTANT_64(r4_linker_headers) + (uint64_t)peer * R4_PAGE_SIZE);
}
/* The header of any cluster, this one or a peer. */
static inline const struct r4_header *header_of(uint32_t number) {
    return number == this_cluster() ? own_header() : peer_header(number);
}
static inline struct r4_ring *ring_in(uint32_t source) {
    return (struct r4_ring *)(LINKER_CONSTANT_64(r4_linker_rings_in) + (uint64_t)source * R4_RING_STRIDE);
}
static inline struct r4_ring *ring_out(uint32_t target) {
    return (struct r4_ring *)(LINKER_CONSTANT_64(r4_linker_rings_out) + (uint64_t)target * R4_RING_STRIDE);
}
static inline struct core *core_at(uint32_t index) {
    return (struct core *)(LINKER_CONSTANT_64(r4_linker_cores) + (uint64_t)index * R4_CORE_STRIDE + R4_CORE_OFFSET);
}

#endif
