/* SPDX-License-Identifier: MIT
 *
 * Compares the result of each call with what it should be: the capability that it worked on (oracle_resolve.h), what
 * became of a single-use proxy, what a success has done, and that a refusal has done nothing (digest.h).
 */
#ifndef R4_SIM_ORACLE_RESULT_H
#define R4_SIM_ORACLE_RESULT_H

#include "cpu.h"
#include "generator.h"

/* The thread's call begins: its processor holds the lock, or the lock is free, so that it gets it at once. */
void oracle_result_begin(struct cpu *cpu, struct thread *thread, const struct call *call);

/* The processor's upcall has ended, or waits for the first time since then. */
void oracle_result_after(const struct cpu *cpu);

/* The kernel writes a result into a thread's registers. */
void oracle_result_answered(const struct machine_regs *regs, uint64_t error);

#endif
