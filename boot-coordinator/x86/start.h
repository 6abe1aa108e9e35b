/* SPDX-License-Identifier: MIT
 *
 * Starts the other cores and sends every core into its cluster's kernel. What the kernel finds at its entry: 64-bit
 * mode, interrupts off, rdi = core index in the cluster, CR3 = start tables (the identity map and the kernel's upper
 * half), a stack that is good only until the kernel sets its own, CR0 = PE NE WP PG, CR4 with PAE, EFER = LME LMA NXE,
 * a flat GDT in the coordinator, no IDT.
 */
#ifndef R4_BOOT_START_H
#define R4_BOOT_START_H

#include <r4/layout.h>

struct core_start { /* read by entry.S */
    phys_t root;    /* start tables of its cluster */
    uint64_t entry; /* virtual address of kernel_entry */
    uint32_t core;  /* index in the cluster */
    uint32_t apic_id;
    _Atomic uint32_t arrived; /* written by the core: it is on its way into its kernel */
    uint32_t silent;          /* 1: it does not answer */
};
R4_SIZE(struct core_start, 32);
R4_OFFSET(struct core_start, entry, 8);
R4_OFFSET(struct core_start, core, 16);
R4_OFFSET(struct core_start, arrived, 24);

/* Sends INIT to `count` cores, without the caller's: until start_cores() they wait for their first instruction. */
void start_reset(const struct r4_layout_core *cores, uint32_t count);

/* Adds a core to those that will be started. False if there are more than all clusters together can have. */
bool start_add(const struct core_start *start);

/* Forgets all added cores. */
void start_clear(void);

/* The start tables of a cluster: identity map and the upper half of `kernel_root`. Returns their PML4.
 */
phys_t start_tables(uint32_t cluster, phys_t kernel_root);

/* Starts every added core except the caller's, one after another; each goes straight into its kernel, which halts it
 * until all have arrived. `page`, a whole page below 1 MiB, holds their first instructions. Returns how many
 * do not answer: they are marked as silent. Needs start_reset(). */
uint32_t start_cores(phys_t page);

/* The record of the added core with that APIC id, or null. */
struct core_start *start_find(uint32_t id);

/* Sends the calling core, which has been added too, after them. */
_Noreturn void start_self(void);

#endif
