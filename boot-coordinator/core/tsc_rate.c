/* SPDX-License-Identifier: MIT
 *
 * CPUID's figures. See tsc_rate.h.
 */
#include "tsc_rate.h"

#define RATE_MHZ 1000000ULL

/* A processor that names no crystal counts at its base frequency. */
uint64_t tsc_rate(const struct tsc_leaves *leaves) {
    uint64_t ticks = (uint64_t)leaves->crystal_hertz * leaves->numerator;
    if (leaves->denominator != 0 && ticks != 0) {
        return ticks / leaves->denominator;
    }
    return leaves->base_mhz * RATE_MHZ;
}
