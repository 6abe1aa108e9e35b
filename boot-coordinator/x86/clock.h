/* SPDX-License-Identifier: MIT
 *
 * Time: TSC and local APIC timer measured against the ACPI PM timer. Where there is none the HPET takes its place, then
 * the TSC with the rate that CPUID tells (last, since that is wrong on some machines).
 */
#ifndef R4_BOOT_CLOCK_H
#define R4_BOOT_CLOCK_H

#include <r4/types.h>

struct clock_rates {
    uint32_t tsc_khz;
    uint32_t apic_khz; /* with divider 1 */
};

enum clock_source { CLOCK_PM, CLOCK_HPET, CLOCK_CPUID, CLOCK_SOURCES }; /* in the order in which they are tried */

#define CLOCK_NAME 48U /* bytes */

struct clock_reference { /* what is known to count how fast */
    enum clock_source source;
    uint16_t port;  /* of the PM timer */
    phys_t hpet;    /* its registers */
    uint64_t hertz; /* not 0 */
    uint32_t mask;  /* of the bits that count */
};

/* Describes a source, and writes what it is called into `name` (CLOCK_NAME bytes). False: the machine does not have it.
 * pm_port, hpet: as in core/firmware.h; what lies above the first 4 GiB is not there. */
bool clock_find(enum clock_source source, uint16_t pm_port, phys_t hpet, struct clock_reference *reference, char *name);

/* Measures both for about two milliseconds. False if the reference does not count. */
bool clock_measure(const struct clock_reference *reference, struct clock_rates *rates);

/* Ticks of the TSC. */
uint64_t clock_now(void);

/* Whether so many microseconds have passed since clock_now() was `begin`. Needs a good clock_measure(). */
bool clock_passed(uint64_t begin, uint32_t microseconds);

/* Waits until so many microseconds have passed since clock_now() was `begin`. Needs a good clock_measure(). */
void clock_wait_since(uint64_t begin, uint32_t microseconds);

#endif
