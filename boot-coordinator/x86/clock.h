/* SPDX-License-Identifier: MIT
 *
 * Time: TSC and local APIC timer measured against the ACPI PM timer (CPUID's own figures are wrong on some machines).
 */
#ifndef R4_BOOT_CLOCK_H
#define R4_BOOT_CLOCK_H

#include <r4/types.h>

struct clock_rates {
    uint32_t tsc_khz;
    uint32_t apic_khz; /* with divider 1 */
};

/* Measures both for about two milliseconds. False if the PM timer at that port does not count. */
bool clock_measure(uint16_t pm_port, struct clock_rates *rates);

/* Ticks of the TSC. */
uint64_t clock_now(void);

/* Waits until so many microseconds have passed since clock_now() was `begin`. Needs a good clock_measure(). */
void clock_wait_since(uint64_t begin, uint32_t microseconds);

#endif
