/* SPDX-License-Identifier: MIT
 *
 * FPU state of user threads; the kernel itself uses no floating-point register. The area also holds the fs and gs bases
 * of a thread, which are saved and loaded at the same time.
 */
#ifndef R4_KERNEL_FPU_H
#define R4_KERNEL_FPU_H

#include "machine.h"

/* Chooses how this core saves, and which components user mode may use: those whose area fits MACHINE_FPU_SIZE. Called
 * after CR4 is set. */
void fpu_start(struct machine_core *own);

#endif
