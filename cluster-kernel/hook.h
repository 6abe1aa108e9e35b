/* SPDX-License-Identifier: MIT
 *
 * Faults on demand, for the tests: `hook=wild-write:CLUSTER:ADDRESS` on the command line makes that cluster's kernel
 * write to that physical address through its direct map, before its root task has run.
 */
#ifndef R4_KERNEL_HOOK_H
#define R4_KERNEL_HOOK_H

/* Does what the command line asks for; normally nothing. */
void hook_run(void);

#endif
