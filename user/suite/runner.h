/* SPDX-License-Identifier: MIT
 *
 * A thread for one case, in this program's address space, on this core and with a higher priority: it runs as soon as
 * it is started, until it stops itself or is stopped by a fault. What it shares with the case need not be atomic, only
 * volatile: both run on one core, so nothing but the compiler could change the order.
 */
#ifndef R4_SUITE_RUNNER_H
#define R4_SUITE_RUNNER_H

#include <r4/types.h>

/* Makes the thread out of the untyped in slot `untyped`, with a stack of the case's own, and lets it begin at
 * entry(argument), which never returns: at its end it calls runner_end(). Returns its slot. */
uint32_t runner_run(uint32_t untyped, void (*entry)(uint64_t argument), uint64_t argument);

/* By the runner: it has come to its end. Stops it; returns when it is started again. */
void runner_end(void);

/* True if the last one has come to its end. */
bool runner_has_ended(void);

/* Starts a stopped one again where it is, and waits as before. */
void runner_go_on(uint32_t thread);

/* Lets a stopped one begin anew. */
void runner_again(uint32_t thread, void (*entry)(uint64_t argument), uint64_t argument);

#endif
