/* SPDX-License-Identifier: MIT
 *
 * One line at the end of each host test: SUITE_MAIN("layout", test_a, test_b) runs the START_TEST functions named, each
 * in a process of its own, and exits with 1 if any failed. CK_TAP_LOG_FILE_NAME and CK_VERBOSITY choose the output,
 * CK_FORK=no keeps one process.
 */
#ifndef R4_TESTS_SUITE_H
#define R4_TESTS_SUITE_H

#include <check.h>
#include <r4/contract.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SUITE_TIMEOUT 60.0 /* seconds for one test, on a busy machine under sanitizers */

static inline int suite_run(const char *name, const TTest *const *tests, size_t count) {
    Suite *suite = suite_create(name);
    TCase *group = tcase_create(name);
    tcase_set_timeout(group, SUITE_TIMEOUT);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(group, tests[i]);
    }
    suite_add_tcase(suite, group);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    return failed == 0 && run > 0 ? 0 : 1;
}

/* A broken contract of the code under test fails the test. */
__attribute__((weak)) void contract_failed(const char *condition, const char *file, int line) {
    ck_abort_msg("contract: %s (%s:%d)", condition, file, line);
    abort(); /* not reached: says so to the compiler */
}

/* Overwrites `width` bytes at `offset` of `target` with `value`, little endian: so tests damage a good structure. */
static inline void poke(void *target, size_t offset, size_t width, uint64_t value) {
    memcpy((char *)target + offset, &value, width);
}

#define SUITE_MAIN(name, ...)                                                                                          \
    int main(void) {                                                                                                   \
        const TTest *const tests[] = {__VA_ARGS__};                                                                    \
        return suite_run(name, tests, sizeof(tests) / sizeof(tests[0]));                                               \
    }

#endif
