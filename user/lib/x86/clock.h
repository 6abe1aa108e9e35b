/* SPDX-License-Identifier: MIT
 *
 * Time: ticks of the time-stamp counter, and waiting for some of them. Under QEMU's icount a tick is an instruction.
 */
#ifndef R4_USER_X86_CLOCK_H
#define R4_USER_X86_CLOCK_H

#include "lib/info.h"
#include <x86/instructions.h>

static inline uint64_t r4_ticks(void) { return x86_rdtsc(); }

/* One turn of a wait loop. Every loop that waits needs it: without it an emulator may never let another core run. */
static inline void r4_pause(void) { x86_pause(); }

static inline uint64_t r4_ticks_of_us(uint64_t microseconds) { return microseconds * r4_info()->tsc_khz / 1000; }

/* Spins, since no operation of the kernel lets a thread sleep for a time yet. Between two reads of the clock come empty
 * rounds, because that read and the pause are slow in an emulator. */
static inline void r4_spin_us(uint64_t microseconds) {
    uint64_t begin = r4_ticks();
    uint64_t ticks = r4_ticks_of_us(microseconds);
    while (r4_ticks() - begin < ticks) {
        for (uint32_t i = 0; i < 256; i++) {
            __asm__ volatile("");
        }
        r4_pause();
    }
}

#endif
