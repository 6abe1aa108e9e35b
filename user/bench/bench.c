/* SPDX-License-Identifier: MIT
 *
 * The figures: which cluster measures, which one helps.
 */
#include "bench/bench.h"
#include "bench/cases.h"
#include "lib/info.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/usage.h"

uint32_t bench_run(void) {
    const struct r4_root_info *info = r4_info();
    struct usage before = usage_take();
    if (cases_are_chosen()) {
        cases_run();
    } else if (info->cluster == 0) {
        bench_local();
        if (info->cluster_count > 1) {
            bench_remote();
        }
    } else if (info->cluster == BENCH_PEER) {
        bench_remote_peer();
    } else {
        return 0;
    }
    must(memory_reset(), "clean-up");
    return usage_check(before) ? 0 : 1;
}
