/* SPDX-License-Identifier: MIT
 *
 * What user threads do: random calls, mostly with arguments that could work (from the capabilities that the thread
 * has), some with arguments that cannot; reads and writes of what they have mapped; faults.
 */
#ifndef R4_SIM_PROGRAM_H
#define R4_SIM_PROGRAM_H

#include "cpu.h"
#include "generator.h"

/* One step of the thread that this processor runs. */
void program_step(struct cpu *cpu);

/* The call that a thread with these registers has under way. */
const struct call *program_call(const struct machine_regs *regs);

/* The name of an operation, to be printed; "nonsense" if there is no such operation. */
const char *program_operation_name(uint64_t operation);

#endif
