/* SPDX-License-Identifier: MIT
 *
 * GDT, TSS and IDT of a core, in its struct machine_core. Only start.c calls this.
 */
#ifndef R4_KERNEL_DESCRIPTORS_H
#define R4_KERNEL_DESCRIPTORS_H

#include "machine.h"
#include <r4/field.h>

/* The first half of the TSS's descriptor; the second is the address from bit 32 on (SDM volume 3, figure 8-4). */
DEFINE_FIELD(uint64_t, tss_limit, 15, 0)
DEFINE_FIELD(uint64_t, tss_base_low, 39, 16)
DEFINE_FIELD(uint64_t, tss_access, 47, 40)
DEFINE_FIELD(uint64_t, tss_base_middle, 63, 56)

/* Fills in the tables of `own`, whose tables are zeroed and whose `stack` is set, and makes this core use them. The gs
 * base is zero afterwards. */
void descriptors_start(struct machine_core *own);

#endif
