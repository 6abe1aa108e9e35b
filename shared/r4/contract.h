/* SPDX-License-Identifier: MIT
 *
 * Contracts: what a function's header promises of its callers, as a check at run time. Only a mistake of our own can
 * break one; what users, firmware or peers send is refused with an error instead.
 *
 *   KERNEL_ASSERT   compiled into every kernel: cheap, or off the paths that have a budget
 *   KERNEL_CHECK    compiled always, run where KERNEL_CHECKS is 1: in the simulator, in host tests, in `make CHECKS=1`
 */
#ifndef R4_CONTRACT_H
#define R4_CONTRACT_H

/* A contract is broken: never returns. The kernel panics, the simulator fails the seed, a host test fails. */
_Noreturn void contract_failed(const char *condition, const char *file, int line) __attribute__((__cold__));

#define KERNEL_ASSERT(condition) ((condition) ? (void)0 : contract_failed(#condition, __FILE_NAME__, __LINE__))
#define KERNEL_CHECK(condition)                                                                                        \
    (!KERNEL_CHECKS || (condition) ? (void)0 : contract_failed(#condition, __FILE_NAME__, __LINE__))

#endif
