/* SPDX-License-Identifier: MIT
 *
 * The demonstration on a machine of one cluster: the same objects, revoked by their owner.
 */
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/x86/clock.h"
#include "root/parts.h"
#include "root/range.h"
#include "root/table.h"
#include "root/workload.h"

bool local_run(void) {
    struct cost handoff = {0, 0, 0};
    struct cost revoke = {0, 0, 0};
    uint32_t untyped = memory_create(R4_CAP_UNTYPED, DEMO_RANGE_LOG2, 1);
    workload_start(untyped);
    bool good = workload_runs();
    uint64_t begin = r4_ticks();
    must(r4_cap_revoke(r4_own(untyped)).error, "revoke");
    revoke.ticks = r4_ticks() - begin;
    good &= workload_stands_still();
    bool quiet = range_is_quiet(untyped);
    print("the 2 MiB: own pattern %s after 10 ms", quiet ? "unchanged" : "CHANGED");
    table_print_head();
    table_print_row(r4_info()->cluster, WORKLOAD_OBJECTS, &handoff, &revoke);
    must(memory_reset(), "clean-up");
    return good && quiet;
}
