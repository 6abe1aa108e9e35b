/* SPDX-License-Identifier: MIT
 *
 * Tables are read as by the processor, by physical address.
 */
#include "tlb.h"
#include "memory.h"
#include "pure/paging.h"
#include <string.h>

void tlb_flush(struct tlb *tlb) { memset(tlb->entries, 0, sizeof(tlb->entries)); }

void tlb_load(struct tlb *tlb, phys_t root) {
    tlb->root = root;
    tlb_flush(tlb);
}

struct tlb_entry tlb_walk(phys_t root, uint64_t address) {
    struct tlb_entry none = {0, 0, 0};
    for (uint32_t level = 1; level <= 2; level++) {
        const uint64_t *entry = paging_entry(MEMORY_HOST, root, address, level);
        if (entry != NULL && (*entry & PAGING_PRESENT) != 0 && ((*entry & PAGING_LARGE) != 0) == (level == 2)) {
            uint64_t size = paging_reach(level);
            return (struct tlb_entry){round_down(address, size), *entry, size};
        }
    }
    return none;
}

struct tlb_entry tlb_translate(struct tlb *tlb, uint64_t address) {
    for (uint32_t i = 0; i < TLB_ENTRIES; i++) {
        struct tlb_entry *entry = &tlb->entries[i];
        if (entry->leaf != 0 && address - entry->address < entry->size) {
            return *entry;
        }
    }
    struct tlb_entry walked = tlb_walk(tlb->root, address);
    if (walked.leaf != 0) {
        tlb->entries[tlb->next++ % TLB_ENTRIES] = walked;
    }
    return walked;
}

/* A present entry of a table, searched from a random place; PAGING_ENTRIES if there is none. */
static uint32_t entry_choose(const uint64_t *table, uint32_t entries) {
    uint32_t first = (uint32_t)sim_random(entries);
    for (uint32_t i = 0; i < entries; i++) {
        if ((table[(first + i) % entries] & PAGING_PRESENT) != 0) {
            return (first + i) % entries;
        }
    }
    return PAGING_ENTRIES;
}

uint64_t tlb_choose(const struct tlb *tlb) {
    uint64_t address = 0;
    phys_t table = tlb->root;
    if (sim_chance(2)) {
        return tlb->entries[sim_random(TLB_ENTRIES)].address;
    }
    for (uint32_t level = 4; level >= 1; level--) {
        const uint64_t *entries = memory_host(table);
        uint32_t index = entry_choose(entries, level == 4 ? PAGING_ENTRIES / 2 : PAGING_ENTRIES);
        if (index == PAGING_ENTRIES) {
            return 0;
        }
        address += index * paging_reach(level);
        if (level == 1 || (entries[index] & PAGING_LARGE) != 0) {
            break;
        }
        table = entries[index] & PAGING_ADDRESS;
    }
    return address;
}
