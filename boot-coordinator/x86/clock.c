/* SPDX-License-Identifier: MIT
 *
 * Calibration: a few rounds, and the median of each figure, since the host may stop an emulator during any of them.
 */
#include "clock.h"
#include "core/fadt.h"
#include "core/tsc_rate.h"
#include "identity.h"
#include "local_apic.h"
#include "print.h"
#include <r4/format.h>
#include <x86/instructions.h>
#include <x86/registers.h>

#define CLOCK_ROUNDS      3U       /* odd */
#define CLOCK_ROUND_HERTZ 2000U    /* 0.5 ms: a timer is read to within a part in a thousand of that */
#define CLOCK_BARE_TURNS  1024U    /* between two pauses, each of which costs an emulator a microsecond */
#define CLOCK_READ_GAP    1000U    /* TSC ticks between two reads of the port, each of which may leave a guest */
#define CLOCK_PATIENCE    1000000U /* reads of a timer that may not count: seconds */

#define HPET_PERIOD     0x04U      /* registers: femtoseconds of a tick */
#define HPET_CONFIG     0x10U      /* bit 0: count */
#define HPET_COUNTER    0xf0U      /* low half */
#define HPET_PERIOD_MAX 100000000U /* IA-PC HPET specification 1.0a, 2.3.4 */
#define HPET_SECOND     1000000000000000ULL
#define HPET_END        (1ULL << 32) /* the identity map has that much whatever the processor */

static uint32_t tsc_khz;

static volatile uint32_t *hpet_register(phys_t hpet, uint32_t offset) { return identity_at(hpet + offset); }

static uint32_t timer_read(const struct clock_reference *reference) {
    switch (reference->source) {
    case CLOCK_PM:
        return x86_in32(reference->port) & reference->mask;
    case CLOCK_HPET:
        return *hpet_register(reference->hpet, HPET_COUNTER) & reference->mask;
    default:
        return (uint32_t)x86_rdtsc() & reference->mask;
    }
}

static bool hpet_find(phys_t hpet, struct clock_reference *reference) {
    if (hpet == 0 || hpet >= HPET_END) {
        return false;
    }
    uint32_t period = *hpet_register(hpet, HPET_PERIOD);
    if (period == 0 || period > HPET_PERIOD_MAX) {
        return false;
    }
    *hpet_register(hpet, HPET_CONFIG) |= 1;
    reference->hertz = HPET_SECOND / period;
    return true;
}

/* Leaves above the highest one return another one's data. */
static uint64_t cpuid_hertz(void) {
    struct tsc_leaves leaves = {0};
    uint32_t highest = x86_cpuid(CPUID_BASIC, 0).eax;
    if (highest >= CPUID_TSC) {
        struct cpuid tsc = x86_cpuid(CPUID_TSC, 0);
        leaves.denominator = tsc.eax;
        leaves.numerator = tsc.ebx;
        leaves.crystal_hertz = tsc.ecx;
    }
    if (highest >= CPUID_FREQUENCY) {
        leaves.base_mhz = x86_cpuid(CPUID_FREQUENCY, 0).eax & UINT16_MAX;
    }
    return tsc_rate(&leaves);
}

bool clock_find(enum clock_source source, uint16_t pm_port, phys_t hpet, struct clock_reference *reference,
                char *name) {
    *reference = (struct clock_reference){.source = source, .port = pm_port, .hpet = hpet, .mask = UINT32_MAX};
    switch (source) {
    case CLOCK_PM:
        format(name, CLOCK_NAME, "the PM timer at port 0x%x", pm_port);
        reference->hertz = FADT_TIMER_HZ;
        reference->mask = FADT_TIMER_MASK;
        return pm_port != 0;
    case CLOCK_HPET:
        format(name, CLOCK_NAME, "the HPET at 0x%lx", hpet);
        return hpet_find(hpet, reference);
    default:
        format(name, CLOCK_NAME, "the TSC, whose rate CPUID tells");
        reference->hertz = cpuid_hertz();
        return reference->hertz != 0;
    }
}

static uint32_t rate_khz(uint64_t ticks, const struct clock_reference *reference, uint32_t passed) {
    return (uint32_t)(ticks * reference->hertz / passed / 1000);
}

static void wait_ticks(uint64_t begin, uint64_t ticks) {
    for (uint32_t turn = 1; x86_rdtsc() - begin < ticks; turn++) {
        if (turn % CLOCK_BARE_TURNS == 0) {
            x86_pause();
        }
    }
}

static bool measure_round(const struct clock_reference *reference, uint32_t *tsc, uint32_t *apic) {
    uint32_t begin = timer_read(reference);
    uint64_t tsc_begin = x86_rdtsc();
    uint32_t apic_begin = apic_timer_count();
    for (uint32_t turn = 0; turn < CLOCK_PATIENCE; turn++) {
        uint32_t passed = (timer_read(reference) - begin) & reference->mask;
        if (passed >= reference->hertz / CLOCK_ROUND_HERTZ && passed != 0) {
            *tsc = rate_khz(x86_rdtsc() - tsc_begin, reference, passed);
            *apic = rate_khz(apic_begin - apic_timer_count(), reference, passed);
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

bool clock_measure(const struct clock_reference *reference, struct clock_rates *rates) {
    uint32_t tsc[CLOCK_ROUNDS];
    uint32_t apic[CLOCK_ROUNDS];
    apic_timer_run();
    for (uint32_t i = 0; i < CLOCK_ROUNDS; i++) {
        if (!measure_round(reference, &tsc[i], &apic[i])) {
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

bool clock_passed(uint64_t begin, uint32_t microseconds) {
    BOOT_ASSERT(tsc_khz != 0);
    return x86_rdtsc() - begin >= (uint64_t)microseconds * tsc_khz / 1000;
}

void clock_wait_since(uint64_t begin, uint32_t microseconds) {
    BOOT_ASSERT(tsc_khz != 0);
    wait_ticks(begin, (uint64_t)microseconds * tsc_khz / 1000);
}
