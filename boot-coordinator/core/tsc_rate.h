/* SPDX-License-Identifier: MIT
 *
 * The TSC's rate as CPUID tells it. Source: Intel SDM volume 2, CPUID, leaves 0x15 and 0x16.
 */
#ifndef R4_BOOT_TSC_RATE_H
#define R4_BOOT_TSC_RATE_H

#include <r4/types.h>

struct tsc_leaves {       /* each 0 where the processor does not have the leaf */
    uint32_t denominator; /* 0x15: TSC ticks for crystal ticks = numerator / denominator */
    uint32_t numerator;
    uint32_t crystal_hertz;
    uint32_t base_mhz; /* 0x16 */
};

/* Ticks a second; 0: the leaves do not tell. */
uint64_t tsc_rate(const struct tsc_leaves *leaves);

#endif
