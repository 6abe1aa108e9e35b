/* SPDX-License-Identifier: MIT
 *
 * Faults on demand, for the tests; `hook=…` on the command line chooses one. Before its root task has run, the kernel
 * of cluster N wild-write:N:ADDRESS   writes to that physical address through its direct map stack-overflow:N calls
 * itself until the stack meets its guard page assert:N               finds an assertion false
 */
#ifndef R4_KERNEL_HOOK_H
#define R4_KERNEL_HOOK_H

/* Does what the command line asks for; normally nothing. */
void hook_run(void);

#endif
