/* SPDX-License-Identifier: MIT
 *
 * The dispatcher: what a core does next, and the way out of the kernel. The caller holds the cluster lock, which is
 * given back on the way out. Only the doors of the kernel call it: syscall.c, event.c, main.c.
 */
#ifndef R4_KERNEL_DISPATCH_H
#define R4_KERNEL_DISPATCH_H

#include "cluster/cluster.h"

/* Chooses what this core does next (check what comes from outside, an operation, a thread, nothing). Does the first two
 * in turns, until a thread or nothing is left; then tells the machine what to resume and gives the lock back. */
void dispatch(struct core *core);

#endif
