/* SPDX-License-Identifier: MIT
 *
 * A pattern that stays.
 */
#include "root/range.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/x86/clock.h"

#define RANGE_ADDRESS 0x20000000ULL
#define RANGE_WORDS   (R4_LARGE_SIZE / sizeof(uint64_t))
#define QUIET_US      10000U

static uint64_t pattern(uint64_t word) { return 0x5234000000000000ULL | word; }

static uint64_t words_changed(const volatile uint64_t *words) {
    uint64_t changed = 0;
    for (uint64_t i = 0; i < RANGE_WORDS; i++) {
        changed += words[i] != pattern(i);
    }
    return changed;
}

bool range_is_quiet(uint32_t untyped) {
    volatile uint64_t *words = (volatile uint64_t *)RANGE_ADDRESS;
    uint32_t frame = memory_create_from(untyped, R4_CAP_FRAME, R4_LARGE_BITS, 1);
    space_map(frame, RANGE_ADDRESS, R4_READ | R4_WRITE);
    for (uint64_t i = 0; i < RANGE_WORDS; i++) {
        words[i] = pattern(i);
    }
    r4_spin_us(QUIET_US);
    uint64_t changed = words_changed(words);
    must(r4_cap_revoke(r4_own(untyped)).error, "revoking the frame of the pattern");
    slots_give(frame, 1);
    return changed == 0;
}
