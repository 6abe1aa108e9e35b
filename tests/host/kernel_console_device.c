/* SPDX-License-Identifier: MIT
 *
 * A console whose device is slower than those who print: nobody waits for it, but a panic and the end of a run.
 */
#include "console_world.h"

#define SLOW_LINES 20U

static bool all_printed(uint32_t number) {
    return atomic_load(&kernel_header(number)->log.end) == atomic_load(&r4_linker_header.printed[number]);
}

/* What each cluster but the last has printed is there line by line, in its order: "[cN] LINE". Returns the lines. */
static uint32_t lines_in_order(void) {
    uint32_t next[KERNEL_CLUSTERS] = {0};
    uint32_t lines = 0;
    for (char *at = output; at != output + output_length; lines++) {
        unsigned number;
        unsigned index;
        int bytes = 0;
        ck_assert_int_eq(sscanf(at, "[c%u] line %u, and so on%n", &number, &index, &bytes), 2);
        ck_assert_uint_lt(number, KERNEL_CLUSTERS);
        ck_assert_uint_eq(index, next[number]++);
        at += bytes;
        ck_assert_int_eq(*at++, '\n');
    }
    return lines;
}

/* Clusters print faster than the device does. The owner never waits for it with the lock held: each time it looks, it
 * gives what the device takes, and if that is nothing, its timer makes it look again. */
START_TEST(test_slow_device) {
    static const uint32_t speeds[][2] = {{16, 1}, {16, 2}, {16, 7}, {1, 3}, {1, 50}};
    start(KERNEL_OWN);
    for (size_t i = 0; i < R4_COUNT(speeds); i++) {
        fifo = speeds[i][0];
        looks_per_burst = speeds[i][1];
        output_length = 0;
        uint32_t index = 0;
        uint32_t idle = 0;
        for (bool more = true; more;) {
            uint32_t looked = looks;
            size_t had = output_length;
            if (index < SLOW_LINES) {
                char text[64];
                for (uint32_t number = 0; number < KERNEL_CLUSTERS; number += 2) {
                    snprintf(text, sizeof(text), "[c%u] line %u, and so on\n", number, index);
                    peer_logs(number, text);
                }
                snprintf(text, sizeof(text), "[c%u] line %u, and so on", KERNEL_OWN, index++);
                line(text);
            }
            own_core.console_due = timer = 0;
            more = console_poll(1U << 0 | 1U << 2);
            ck_assert_uint_le(looks - looked, 2 * (output_length - had) / fifo + 4);
            bool left = log_used(KERNEL_OWN) != 0 || !all_printed(0) || !all_printed(2);
            if (!left && index == SLOW_LINES) {
                ck_assert_uint_eq(lines_in_order(), 3 * SLOW_LINES);
                break;
            }
            ck_assert(more || !left || (own_core.console_due == now + CONSOLE_LOOK_MS * TICKS_PER_MS && timer != 0));
            more = true;
            ck_assert_uint_lt(idle++, 3 * SLOW_LINES * 32 * looks_per_burst);
        }
        ck_assert_uint_eq(waits, 0);
        ck_assert_uint_eq(log_used(KERNEL_OWN), 0);
    }
}
END_TEST

/* A timer for the end of a slice that comes first stays. */
START_TEST(test_timer_of_a_slice) {
    start(KERNEL_OWN);
    looks_per_burst = 0;
    own_core.slice_end = now + CONSOLE_LOOK_MS * TICKS_PER_MS - 1;
    line("one");
    ck_assert(!poll());
    ck_assert_uint_eq(timer, 0);
    ck_assert_uint_eq(own_core.console_due, now + CONSOLE_LOOK_MS * TICKS_PER_MS);
    own_core.slice_end += 2;
    line("two");
    ck_assert(!poll());
    ck_assert_uint_eq(timer, own_core.console_due);
}
END_TEST

/* Lines of the owner that find no room, since the device does not keep up, are counted like those of others. */
START_TEST(test_owner_loses_lines) {
    char text[100];
    memset(text, 'x', sizeof(text));
    start(KERNEL_OWN);
    looks_per_burst = 0;
    uint32_t lines = fill(KERNEL_OWN, sizeof(text));
    for (uint32_t i = 0; i < 5; i++) {
        console_line(text, sizeof(text));
    }
    uint32_t lost = 5 - (log_used(KERNEL_OWN) / 101 - lines);
    ck_assert_uint_ge(lost, 4);
    looks_per_burst = 1;
    while (console_poll(0)) {
    }
    ck_assert_uint_eq(output_length, (lines + 5 - lost) * 101);
    output_length = 0;
    char expected[64];
    snprintf(expected, sizeof(expected), "[c1] kernel: %u lines lost\nagain\n", lost);
    line("again");
    expect_output(expected);
    ck_assert_uint_eq(waits, 0);
}
END_TEST

/* A line is not printed in the step in which it was written, and not all at once: the cluster polls soon. */
START_TEST(test_one_line_in_steps) {
    char text[CONSOLE_STEP + 10];
    memset(text, 'x', sizeof(text));
    start(KERNEL_OWN);
    cluster.poll = false;
    console_line(text, sizeof(text));
    ck_assert_uint_eq(output_length, 0);
    ck_assert(cluster.poll && own_core.reschedule);
    ck_assert(console_poll(0));
    ck_assert_uint_eq(output_length, 0);
    ck_assert(console_poll(0));
    ck_assert_uint_eq(output_length, CONSOLE_STEP);
    ck_assert(!console_poll(0));
    ck_assert_uint_eq(output_length, sizeof(text) + 1);
}
END_TEST

/* A line of this cluster's comes after those that others have logged before it: these may be its reason. */
START_TEST(test_own_comes_last) {
    start(KERNEL_OWN);
    peer_logs(0, "first\n");
    ck_assert(!poll());
    looks_per_burst = 0;
    peer_logs(0, "second\n");
    peer_logs(3, "third\n");
    console_poll(1U << 0 | 1U << 3);
    line("last");
    looks_per_burst = 1;
    ck_assert(!poll());
    expect_output("first\nthird\nsecond\nlast\n");
}
END_TEST

/* A panic waits for the device: the line that was begun is ended, then comes what this cluster has logged. */
START_TEST(test_panic_waits_for_the_device) {
    start(KERNEL_OWN);
    peer_logs(3, "[c3] is long enough for two bursts\n[c3] for the next owner\n");
    looks_per_burst = 2;
    looks = 1;
    console_poll(1U << 3);
    ck_assert_uint_eq(output_length, 16);
    line("[c1] own");
    console_last_words("[c1] panic", 10);
    expect_output("[c3] is long enough for two bursts\n[c1] own\n[c1] panic\n");
    ck_assert_uint_gt(waits, 0);
    ck_assert_uint_eq(atomic_load(&r4_linker_header.printed[3]), 35);
}
END_TEST

/* At the end of a run all is printed. */
START_TEST(test_end_waits_for_the_device) {
    start(KERNEL_OWN);
    looks_per_burst = 0;
    uint32_t lines = fill(KERNEL_OWN, 100);
    looks_per_burst = 5;
    for (uint32_t i = 0; i < 20; i++) {
        peer_logs(0, "[c0] one of many lines\n");
    }
    console_finish();
    ck_assert_uint_eq(output_length, lines * 101 + 20 * 23);
    ck_assert_uint_eq(log_used(KERNEL_OWN), 0);
    ck_assert_uint_gt(waits, 0);
}
END_TEST

/* A device that takes nothing any more is waited for once, not for each byte. */
START_TEST(test_dead_device_at_the_end) {
    start(KERNEL_OWN);
    looks_per_burst = 0;
    fill(KERNEL_OWN, 100);
    loses = true;
    console_finish();
    console_last_words("[c1] panic", 10);
    ck_assert_uint_ge(waits, CONSOLE_PATIENCE);
    ck_assert_uint_le(waits, CONSOLE_PATIENCE + 1);
}
END_TEST

SUITE_MAIN("kernel console device", test_slow_device, test_timer_of_a_slice, test_owner_loses_lines,
           test_one_line_in_steps, test_own_comes_last, test_panic_waits_for_the_device, test_end_waits_for_the_device,
           test_dead_device_at_the_end)
