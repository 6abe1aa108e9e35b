/* SPDX-License-Identifier: MIT
 *
 * EXPECT(condition) is ck_assert for millions of conditions: Check's own reports each one that holds to the parent
 * process, which is slow.
 */
#ifndef R4_TESTS_EXPECT_H
#define R4_TESTS_EXPECT_H

#include <check.h>

#define EXPECT(condition) ((condition) ? (void)0 : ck_abort_msg("expected: %s", #condition))

#endif
