/* SPDX-License-Identifier: MIT
 *
 * The demonstration: who takes which part, and the check that nothing is left over.
 */
#include "root/demo.h"
#include "lib/debug.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/usage.h"
#include "root/parts.h"

/* After this no cluster has a HELLO to send any more, so that only the demonstration's own messages are counted. */
static void all_started(void) {
    const struct r4_root_info *info = r4_info();
    r4_debug_milestone(r4_debug(), DEMO_STARTED);
    for (uint32_t peer = 0; peer < info->cluster_count; peer++) {
        if (peer != info->cluster) {
            (void)r4_debug_wait(r4_debug(), peer, DEMO_STARTED); /* or it is down: lender or borrower will see that */
        }
    }
}

uint32_t demo_run(void) {
    const struct r4_root_info *info = r4_info();
    struct usage before = usage_take();
    bool good;
    if (info->cluster_count == 1) {
        good = local_run();
    } else {
        all_started();
        good = info->cluster == DEMO_LENDER ? lender_run() : borrower_run();
    }
    return good && usage_check(before) ? 0 : 1;
}
