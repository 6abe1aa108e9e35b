/* SPDX-License-Identifier: MIT
 *
 * A proxy that is rewritten while two kernels read it, under ThreadSanitizer: only the order of atomic loads and stores
 * keeps its words together.
 */
#include "proxy_threads.h"

#define WRITES 200000U

START_TEST(test_walk) { proxy_trial(WRITES, false); }
END_TEST

START_TEST(test_use) { proxy_trial(WRITES, true); }
END_TEST

SUITE_MAIN("proxy under TSan", test_walk, test_use)
