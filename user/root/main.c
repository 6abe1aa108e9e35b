/* SPDX-License-Identifier: MIT
 *
 * The root task of every cluster: prints which cluster it is, runs the program that the command line names, ends.
 */
#include "bench/bench.h"
#include "bench/preempt.h"
#include "bench/steps.h"
#include "fuzz/fuzz.h"
#include "lib/debug.h"
#include "lib/print.h"
#include "lib/slots.h"
#include "lib/usage.h"
#include "root/demo.h"
#include "root/fault.h"
#include "root/words.h"
#include "suite/suite.h"

struct program {
    const char *name;
    uint32_t (*run)(void); /* returns the exit code: 0 is success */
};

static const struct program programs[] = {{"demo", demo_run},   {"bench", bench_run}, {"preempt", preempt_run},
                                          {"steps", steps_run}, {"suite", suite_run}, {"fuzz", fuzz_run},
                                          {"fault", fault_run}};

_Noreturn void root_main(const struct r4_root_info *info);

static void programs_print(const char *name) {
    struct print_unknown list;
    print_unknown_begin(&list, "program", name);
    for (uint32_t i = 0; i < R4_COUNT(programs); i++) {
        print_unknown_add(&list, programs[i].name);
    }
    print_unknown_end(&list);
}

static void banner_print(const struct r4_root_info *info) {
    print("cluster %u of %u: %u core%s, %lu KiB free, TSC %u MHz", info->cluster, info->cluster_count, info->core_count,
          info->core_count == 1 ? "" : "s", usage_take().free_bytes >> 10, info->tsc_khz / 1000);
}

_Noreturn void root_main(const struct r4_root_info *info) {
    char name[16];
    if (info->magic != R4_ROOT_INFO_MAGIC) {
        fail(R4_ERR_ARGUMENT, "the root information page");
    }
    slots_init();
    banner_print(info);
    if (info->cluster == 0) {
        words_check(info->command);
    }
    if (!string_option(info->command, "program", name, sizeof(name))) {
        string_copy(name, sizeof(name), programs[0].name);
    }
    for (uint32_t i = 0; i < R4_COUNT(programs); i++) {
        if (string_equal(name, programs[i].name)) {
            finish(programs[i].run());
        }
    }
    programs_print(name);
    finish(R4_ERR_ARGUMENT);
}
