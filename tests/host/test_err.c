/* SPDX-License-Identifier: MIT
 *
 * Names and texts of the errors: each error has both, all are different, and there is something to print for a value
 * that a hostile peer has invented.
 */
#include "suite.h"
#include <r4/err.h>

START_TEST(test_known_values) {
    ck_assert_int_eq(R4_OK, 0);
    ck_assert_str_eq(r4_error_name(R4_OK), "R4_OK");
    ck_assert_str_eq(r4_error_text(R4_OK), "success");
    ck_assert_str_eq(r4_error_name(R4_ERR_PROTOCOL), "R4_ERR_PROTOCOL");
    ck_assert_str_eq(r4_error_text(R4_ERR_BUSY), "the capability is being revoked or made");
}
END_TEST

START_TEST(test_all_different) {
    for (unsigned i = 0; i < R4_ERROR_COUNT; i++) {
        ck_assert_uint_gt(strlen(r4_error_text((enum r4_error)i)), 0);
        for (unsigned j = 0; j < i; j++) {
            ck_assert_str_ne(r4_error_text((enum r4_error)i), r4_error_text((enum r4_error)j));
            ck_assert_str_ne(r4_error_name((enum r4_error)i), r4_error_name((enum r4_error)j));
        }
    }
}
END_TEST

START_TEST(test_unknown_values) {
    const unsigned values[] = {R4_ERROR_COUNT, 0x7fffffffU, 0x80000000U, 0xffffffffU};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        ck_assert_str_eq(r4_error_text((enum r4_error)values[i]), "unknown error");
        ck_assert_str_eq(r4_error_name((enum r4_error)values[i]), "R4_ERR_UNKNOWN");
    }
}
END_TEST

SUITE_MAIN("err", test_known_values, test_all_different, test_unknown_values)
