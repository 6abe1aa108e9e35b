/* SPDX-License-Identifier: MIT
 *
 * What must hold after each turn, in constant time: what a processor runs, what it remembers, that nobody is slept
 * over.
 */
#ifndef R4_SIM_CHECK_H
#define R4_SIM_CHECK_H

#include "cpu.h"

/* After a turn of this processor. */
void check_after(const struct cpu *cpu);

/* Nothing runs and nothing is pending anywhere: nothing may be unfinished. */
void check_rest(void);

/* Memory that is to be something else, or another cluster's: no processor of `instance` may still reach it. */
void check_unreachable(const struct instance *instance, phys_t base, uint64_t size);

/* Memory that is to be zeroed: no processor may reach it, and it is all of new objects or a page table. */
void check_zero(const struct cpu *cpu, phys_t base, uint64_t size);

#endif
