/* SPDX-License-Identifier: MIT
 *
 * The translations that a processor remembers of the address space that it has loaded. As on a real machine, one stays
 * until another space is loaded, a flush, or until its entry is needed, whatever happens to the tables meanwhile.
 */
#ifndef R4_SIM_TLB_H
#define R4_SIM_TLB_H

#include "sim.h"

#define TLB_ENTRIES 16U

struct tlb_entry {
    uint64_t address; /* of the page, virtual; a multiple of its size */
    uint64_t leaf;    /* page-table entry; 0 = empty */
    uint64_t size;    /* bytes */
};

struct tlb {
    phys_t root; /* of the loaded space; 0 = the kernel's own, which has no user half */
    uint32_t next;
    struct tlb_entry entries[TLB_ENTRIES];
};

void tlb_load(struct tlb *tlb, phys_t root); /* also forgets all translations */
void tlb_flush(struct tlb *tlb);

/* What the tables below `root` say now; leaf 0: nothing is mapped there. */
struct tlb_entry tlb_walk(phys_t root, uint64_t address);

/* The translation that the processor uses: the remembered one, or else that of a walk, which it remembers. */
struct tlb_entry tlb_translate(struct tlb *tlb, uint64_t address);

/* Some address that is remembered or mapped; 0 if none was found. */
uint64_t tlb_choose(const struct tlb *tlb);

#endif
