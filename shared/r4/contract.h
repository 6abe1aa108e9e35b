/* SPDX-License-Identifier: MIT
 *
 * Contracts: what a function's header requires of its callers, as a check at run time. Only a mistake of the kernel
 * itself can break one; wrong input from users, firmware or peers gets an error instead. Any file may use them.
 *
 *   KERNEL_ASSERT   in every kernel: cheap, or not on a path that has a budget
 *   KERNEL_CHECK    always compiled, run if KERNEL_CHECKS is 1: in the simulator, in host tests, with `make CHECKS=1`
 */
#ifndef R4_CONTRACT_H
#define R4_CONTRACT_H

/* A contract is broken. Never returns: the kernel panics, the simulator fails the seed, a host test fails. */
_Noreturn void contract_failed(const char *condition, const char *file, int line) __attribute__((__cold__));

#define KERNEL_ASSERT(condition) ((condition) ? (void)0 : contract_failed(#condition, __FILE__, __LINE__))
#define KERNEL_CHECK(condition)                                                                                        \
    (!KERNEL_CHECKS || (condition) ? (void)0 : contract_failed(#condition, __FILE__, __LINE__))

#endif
