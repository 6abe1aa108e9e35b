/* SPDX-License-Identifier: MIT
 *
 * Refusals: the sentence, words put in front of it, and both when they are too long.
 */
#include <r4/refusal.h>
#include <string.h>

#include "suite.h"

static struct refusal why;

START_TEST(test_sentence) {
    ck_assert(!refuse(&why, "entry %u of %s is wrong", 7U, "SRAT"));
    ck_assert_str_eq(why.text, "entry 7 of SRAT is wrong");
    ck_assert(!refuse(&why, "other"));
    ck_assert_str_eq(why.text, "other");
}
END_TEST

START_TEST(test_about) {
    refuse(&why, "it is short");
    ck_assert(!refuse_about(&why, "entry %u: ", 3U));
    ck_assert(!refuse_about(&why, "table %s, ", "SRAT"));
    ck_assert_str_eq(why.text, "table SRAT, entry 3: it is short");
}
END_TEST

START_TEST(test_cut) {
    char text[2 * REFUSAL_SIZE];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    refuse(&why, "%s", text);
    ck_assert_uint_eq(strlen(why.text), REFUSAL_SIZE - 1);
    refuse_about(&why, "front: ");
    ck_assert_uint_eq(strlen(why.text), REFUSAL_SIZE - 1);
    ck_assert_int_eq(memcmp(why.text, "front: xxx", 10), 0);
    refuse_about(&why, "%s", text);
    ck_assert_uint_eq(strlen(why.text), REFUSAL_SIZE - 1);
    ck_assert_ptr_null(strstr(why.text, "front"));
}
END_TEST

SUITE_MAIN("refusal", test_sentence, test_about, test_cut)
