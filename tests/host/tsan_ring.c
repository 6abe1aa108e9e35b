/* SPDX-License-Identifier: MIT
 *
 * The ring between two threads, under ThreadSanitizer: the order of its stores and loads must be enough, and the
 * compiler must know it. In trials that never sleep nothing else orders the threads; the others use doorbells.
 * Positions wrap meanwhile.
 */
#include "ring_threads.h"

#define START    0xffffff00U
#define MESSAGES 100000U

START_TEST(test_order_1_slot) { ring_trial(1, START, MESSAGES, false); }
END_TEST

START_TEST(test_sleep_1_slot) { ring_trial(1, START, MESSAGES, true); }
END_TEST

START_TEST(test_order_2_slots) { ring_trial(2, START, MESSAGES, false); }
END_TEST

START_TEST(test_sleep_2_slots) { ring_trial(2, START, MESSAGES, true); }
END_TEST

START_TEST(test_order_64_slots) { ring_trial(64, START, MESSAGES, false); }
END_TEST

START_TEST(test_sleep_64_slots) { ring_trial(64, START, MESSAGES, true); }
END_TEST

SUITE_MAIN("ring under TSan", test_order_1_slot, test_sleep_1_slot, test_order_2_slots, test_sleep_2_slots,
           test_order_64_slots, test_sleep_64_slots)
