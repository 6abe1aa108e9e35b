/* SPDX-License-Identifier: MIT
 *
 * Calibration: a few rounds, and the median of each figure, since the host may stop an emulator during any of them.
 */
#include "clock.h"
#include "core/fadt.h"
#include "local_apic.h"
#include "print.h"
#include <x86/instructions.h>

#define CLOCK_ROUNDS      3U                     /* odd */
#define CLOCK_ROUND_TICKS (FADT_TIMER_HZ / 2000) /* 0.5 ms: the port is read to within a part in a thousand of that */
#define CLOCK_BARE_TURNS  1024U                  /* between two pauses, each of which costs an emulator a microsecond */
#define CLOCK_READ_GAP    1000U    /* TSC ticks between two reads of the port, each of which may leave a guest */
#define CLOCK_PATIENCE    1000000U /* reads of a timer that may not count: seconds */

static uint32_t tsc_khz;

static uint32_t timer_read(uint16_t port) { return x86_in32(port) & FADT_TIMER_MASK; }

static uint32_t rate_khz(uint64_t ticks, uint32_t pm_ticks) {
    return (uint32_t)(ticks * FADT_TIMER_HZ / pm_ticks / 1000);
}

static void wait_ticks(uint64_t begin, uint64_t ticks) {
    for (uint32_t turn = 1; x86_rdtsc() - begin < ticks; turn++) {
        if (turn % CLOCK_BARE_TURNS == 0) {
            x86_pause();
        }
    }
}

static bool measure_round(uint16_t port, uint32_t *tsc, uint32_t *apic) {
    uint32_t begin = timer_read(port);
    uint64_t tsc_begin = x86_rdtsc();
    uint32_t apic_begin = apic_timer_count();
    for (uint32_t turn = 0; turn < CLOCK_PATIENCE; turn++) {
        uint32_t passed = (timer_read(port) - begin) & FADT_TIMER_MASK;
        if (passed >= CLOCK_ROUND_TICKS) {
            *tsc = rate_khz(x86_rdtsc() - tsc_begin, passed);
            *apic = rate_khz(apic_begin - apic_timer_count(), passed);
            return true;
        }
        wait_ticks(x86_rdtsc(), CLOCK_READ_GAP);
    }
    return false;
}

static uint32_t median(uint32_t *values) {
    for (uint32_t i = 1; i < CLOCK_ROUNDS; i++) {
        for (uint32_t j = i; j > 0 && values[j - 1] > values[j]; j--) {
            uint32_t larger = values[j - 1];
            values[j - 1] = values[j];
            values[j] = larger;
        }
    }
    return values[CLOCK_ROUNDS / 2];
}

bool clock_measure(uint16_t pm_port, struct clock_rates *rates) {
    uint32_t tsc[CLOCK_ROUNDS];
    uint32_t apic[CLOCK_ROUNDS];
    apic_timer_run();
    for (uint32_t i = 0; i < CLOCK_ROUNDS; i++) {
        if (!measure_round(pm_port, &tsc[i], &apic[i])) {
            return false;
        }
    }
    apic_timer_stop();
    rates->tsc_khz = median(tsc);
    rates->apic_khz = median(apic);
    tsc_khz = rates->tsc_khz;
    return tsc_khz != 0 && rates->apic_khz != 0;
}

uint64_t clock_now(void) { return x86_rdtsc(); }

void clock_wait_since(uint64_t begin, uint32_t microseconds) {
    BOOT_ASSERT(tsc_khz != 0);
    wait_ticks(begin, (uint64_t)microseconds * tsc_khz / 1000);
}
