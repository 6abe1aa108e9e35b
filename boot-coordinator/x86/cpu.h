/* SPDX-License-Identifier: MIT
 *
 * What CPUID says about the boot processor.
 */
#ifndef R4_BOOT_CPU_H
#define R4_BOOT_CPU_H

#include "core/weakness.h"

struct weakness_cpu cpu_read(void);

/* The lowest bits of an APIC id that tell the threads of one core apart; 0 if the processor does not say. */
uint32_t cpu_thread_bits(void);

#endif
