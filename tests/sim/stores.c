/* SPDX-License-Identifier: MIT
 *
 * Whatever a processor reaches must be its cluster's memory: otherwise a stale translation was used.
 */
#include "stores.h"
#include "memory.h"
#include "pure/paging.h"

static uint64_t written[MEMORY_PAGES]; /* the step at which user code last wrote there */

static void place_check(const struct cpu *cpu, phys_t place, uint64_t address) {
    if (!memory_owns(cpu->instance->number, place, 8)) {
        sim_fail("no stale translation", "c%u.%u reaches %lx at %lx, which its cluster does not have",
                 cpu->instance->number, cpu->index, place, address);
    }
}

static void write_at(phys_t place, uint64_t value) {
    *(uint64_t *)memory_host(place) = value;
    written[memory_page(place)] = sim.step;
}

bool stores_touch(struct cpu *cpu, uint64_t *address) {
    *address = tlb_choose(&cpu->tlb);
    struct tlb_entry entry = tlb_translate(&cpu->tlb, *address);
    sim_count(&sim_totals->touches, 1);
    if (entry.leaf == 0) {
        return false;
    }
    phys_t place = (entry.leaf & PAGING_ADDRESS) + sim_random(entry.size / 8) * 8;
    place_check(cpu, place, *address);
    if ((entry.leaf & PAGING_WRITE) != 0 && sim_chance(2)) {
        sim_note("c%u.%u writes %lx", cpu->instance->number, cpu->index, place);
        write_at(place, sim.step << 32 | 0xa5a5a5a5U);
    }
    return true;
}

bool stores_write(struct cpu *cpu, uint64_t address, uint64_t value) {
    struct tlb_entry entry = tlb_translate(&cpu->tlb, address);
    if ((entry.leaf & PAGING_WRITE) == 0) {
        return false;
    }
    phys_t place = (entry.leaf & PAGING_ADDRESS) + (address - entry.address);
    place_check(cpu, place, address);
    write_at(place, value);
    return true;
}

uint64_t stores_last(phys_t place) { return written[memory_page(place)]; }
