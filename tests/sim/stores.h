/* SPDX-License-Identifier: MIT
 *
 * What user code does to memory by plain loads and stores, with the translations that its processor has.
 */
#ifndef R4_SIM_STORES_H
#define R4_SIM_STORES_H

#include "cpu.h"

/* Reads or writes one word of some page that the thread has mapped, or whose translation its processor remembers; false
 * if nothing is mapped at the address chosen. */
bool stores_touch(struct cpu *cpu, uint64_t *address);

/* Writes one word; false if nothing writable is there. */
bool stores_write(struct cpu *cpu, uint64_t address, uint64_t value);

/* The step at which user code last wrote to the page at `place`. */
uint64_t stores_last(phys_t place);

#endif
