/* SPDX-License-Identifier: MIT
 *
 * The first revoke has copies to remove, and is preempted while it does that.
 */
#include "bench/many_joiners.h"
#include "bench/copies.h"
#include "bench/preempted.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"

#define BEFORE_END 5000U
#define TRIES      16U
#define PAGES      4U /* for the slots of threads and stacks */

static enum r4_error source_revoke(uint64_t source) { return r4_cap_revoke(r4_own((uint32_t)source)).error; }

static void revoke_begin(void) {
    struct preempted_call call = {source_revoke, copies_source(), BEFORE_END};
    for (uint32_t i = 0; i < TRIES; i++) {
        copies_make(COPIES_MAX);
        if (preempted_begin(0, call)) {
            return;
        }
    }
    fail(R4_ERR_PROTOCOL, "a revoke under way");
}

void many_joiners_run(void) {
    struct preempted_call call = {source_revoke, 0, PREEMPTED_AT_ONCE};
    (void)space_grow_window(PAGES);
    copies_begin();
    preempted_make(PREEMPTED_MAX);
    revoke_begin();
    call.argument = copies_source();
    for (uint32_t i = 1; i < PREEMPTED_MAX; i++) {
        require(preempted_begin(i, call), "who joins waits");
    }
    preempted_end();
    copies_end();
    must(memory_reset(), "clean-up");
}
