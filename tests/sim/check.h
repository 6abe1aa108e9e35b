/* SPDX-License-Identifier: MIT
 *
 * What must hold after each turn, in constant time: what a processor runs, which translations it remembers, and that
 * no wake-up is lost.
 */
#ifndef R4_SIM_CHECK_H
#define R4_SIM_CHECK_H

#include "cpu.h"

/* After a turn of this processor. */
void check_after(const struct cpu *cpu);

/* Called when nothing runs and nothing is pending anywhere: then nothing may be unfinished. */
void check_rest(void);

/* Whose lines may reach the console: the owner, or the next cluster that lives. */
const struct instance *check_console_owner(void);

/* This memory is about to become another object, or another cluster's: no processor of `instance` may still reach it.
 */
void check_unreachable(const struct instance *instance, phys_t base, uint64_t size);

/* This memory is about to be zeroed: no processor may reach it, and all of it belongs to new objects or a page table.
 */
void check_zero(const struct cpu *cpu, phys_t base, uint64_t size);

#endif
