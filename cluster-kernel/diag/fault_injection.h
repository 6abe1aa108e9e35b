/* SPDX-License-Identifier: MIT
 *
 * Fault injection, for the tests. `fault=NAME:N` on the command line chooses a fault, which happens in the kernel of
 * cluster N before its root task runs:
 *
 *   wild-write:N:ADDRESS   it writes to that physical address through its direct map
 *   stack-overflow:N       it calls itself until the stack meets its guard page
 *   assert:N               it finds an assertion false
 */
#ifndef R4_KERNEL_FAULT_INJECTION_H
#define R4_KERNEL_FAULT_INJECTION_H

/* Does what the command line asks for; normally nothing. */
void fault_injection_run(void);

#endif
