/* SPDX-License-Identifier: MIT
 *
 * The operations are retypes of frames, each of an untyped of its own.
 */
#include "bench/under_way.h"
#include "bench/caps.h"
#include "bench/copies.h"
#include "bench/preempted.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include <r4/format.h>

#define FRAMES_LOG2 4U
#define FRAMES      (1U << FRAMES_LOG2) /* zeroing them takes longer than BEFORE_END */
#define BEFORE_END  5000U
#define TRIES       16U
#define SUFFIX_SIZE 16U

static struct maker {
    uint32_t untyped;
    uint32_t frames; /* the first of their slots */
} makers[PREEMPTED_MAX];

static enum r4_error frames_make(uint64_t number) {
    const struct maker *maker = &makers[number];
    struct r4_objects objects = {R4_CAP_FRAME, R4_PAGE_BITS, FRAMES, 0, maker->frames};
    return r4_untyped_retype(r4_own(maker->untyped), objects);
}

static bool is_under_way(uint32_t number) {
    return (r4_flags(makers[number].frames + FRAMES - 1) & R4_FLAG_CREATING) != 0;
}

static void maker_begin(uint32_t number) {
    struct preempted_call call = {frames_make, number, BEFORE_END};
    for (uint32_t i = 0; i < TRIES; i++) {
        if (preempted_begin(number, call)) {
            return;
        }
        must(r4_cap_revoke(r4_own(makers[number].untyped)).error, "revoke");
    }
    fail(R4_ERR_PROTOCOL, "a retype under way");
}

/* The figures with so many operations under way, some of which are already. */
static uint32_t measure_with(uint32_t count, uint32_t already) {
    char suffix[SUFFIX_SIZE];
    (void)format(suffix, sizeof(suffix), ".while.%u", count);
    for (uint32_t i = already; i < count; i++) {
        maker_begin(i);
    }
    caps_measure_again(suffix);
    for (uint32_t i = 0; i < count; i++) {
        require(is_under_way(i), "still under way");
    }
    return count;
}

void under_way_measure(void) {
    static const uint32_t counts[] = {1, 4, 32, PREEMPTED_MAX};
    uint32_t under_way = 0;
    (void)space_grow_window(PREEMPTED_MAX * FRAMES / (R4_SLOTS_PER_PAGE / 2)); /* no row of slots crosses a page */
    copies_begin();
    preempted_make(PREEMPTED_MAX);
    for (uint32_t i = 0; i < PREEMPTED_MAX; i++) {
        makers[i].untyped = memory_create(R4_CAP_UNTYPED, R4_PAGE_BITS + FRAMES_LOG2, 1);
        makers[i].frames = slots_take(FRAMES);
    }
    for (uint32_t i = 0; i < R4_COUNT(counts); i++) {
        under_way = measure_with(counts[i], under_way);
    }
    preempted_end();
    copies_end();
    must(memory_reset(), "clean-up");
}
