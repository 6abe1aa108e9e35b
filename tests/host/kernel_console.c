/* SPDX-License-Identifier: MIT
 *
 * The console as seen by cluster 1 of 4: who owns it, what a successor prints, a full log, lost lines, what a log must
 * not do to the terminal.
 */
#include "console_world.h"

START_TEST(test_owner_prints) {
    start(KERNEL_OWN);
    peer_logs(3, "[c3] before\n");
    line("[c1] own");
    expect_output("[c3] before\n[c1] own\n");
    ck_assert_uint_eq(rung, 0);
    ck_assert_uint_eq(log_used(KERNEL_OWN), 0);
    ck_assert(!poll());
    expect_output("");
}
END_TEST

START_TEST(test_others_log) {
    start(2);
    peer_logs(3, "[c3] not for us\n");
    line("[c1] own");
    ck_assert(!poll());
    expect_output("");
    ck_assert_uint_eq(rung, 1);
    ck_assert_uint_eq(rung_last, 2);
    ck_assert_uint_eq(atomic_load(&r4_linker_header.log.end), 9);
    ck_assert(memcmp(r4_linker_header.log.bytes, "[c1] own\n", 9) == 0);
}
END_TEST

/* Two owners have died, one after the other. Each line in a log is printed once, those of the dead clusters too. */
START_TEST(test_takeover) {
    start(2);
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) { /* positions wrap */
        for (uint32_t reader = 0; reader < KERNEL_CLUSTERS; reader++) {
            atomic_store(&kernel_header(reader)->printed[number], UINT32_MAX - 3);
        }
        atomic_store(&kernel_header(number)->log.end, UINT32_MAX - 3);
    }
    line("one");
    line("two");
    peer_logs(0, "null\n");
    peer_logs(2, "last words\n");
    peer_logs(3, "a\nb\nc\n");
    peer_prints(2, 3, 2);
    peer_prints(2, KERNEL_OWN, 4);
    ck_assert(!poll());
    dies(2);
    ck_assert(!poll()); /* 3 is next, then 0 */
    atomic_store(&kernel_header(3)->printed[3], UINT32_MAX - 3 + 4);
    atomic_store(&kernel_header(3)->printed[KERNEL_OWN], UINT32_MAX - 3 + 4);
    dies(3);
    ck_assert(!console_is_own());
    dies(0);
    ck_assert(console_is_own());
    ck_assert(cluster.poll); /* there is something to print */
    ck_assert(!poll());
    expect_output("last words\nc\nnull\ntwo\n");
    peer_prints(0, 3, 1000); /* written by a dead cluster: too late */
    peer_logs(3, "d\n");
    ck_assert(!console_poll(1U << 3));
    line("three");
    expect_output("d\nthree\n");
}
END_TEST

/* What it logged before it became the owner is printed before the new line. */
START_TEST(test_takeover_by_a_line) {
    start(0);
    line("one");
    kernel_panics(0);
    kernel_panics(2);
    line("two");
    expect_output("one\ntwo\n");
}
END_TEST

START_TEST(test_last_cluster_speaks) {
    start(0);
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) {
        kernel_panics(number);
    }
    ck_assert(console_is_own());
    line("[c1] panic");
    expect_output("[c1] panic\n");
    ck_assert_uint_eq(rung, 0);
}
END_TEST

/* Nobody waits for another cluster with the lock: machine_now() and core_wait_turn() are for panics alone. */
START_TEST(test_full_log_drops_at_once) {
    start(0);
    fill(0, 100);
    uint32_t end = atomic_load(&r4_linker_header.log.end);
    for (uint32_t lost = 1; lost <= 2; lost++) {
        char text[200] = {0};
        memset(text, 'y', sizeof(text) - 1);
        ck_assert(!console_has_room(sizeof(text)));
        line(text);
        ck_assert_uint_eq(now, 0);
        ck_assert_uint_eq(atomic_load(&r4_linker_header.log.end), end);
    }
    peer_prints(0, KERNEL_OWN, log_used(0));
    ck_assert(console_has_room(200));
    line("again");
    line("and again");
    const char *expected = "[c1] kernel: 2 lines lost\nagain\nand again\n";
    ck_assert_uint_eq(log_used(0), strlen(expected));
    for (uint32_t i = 0; i < strlen(expected); i++) {
        ck_assert_int_eq(r4_linker_header.log.bytes[(end + i) % R4_LOG_BYTES], expected[i]);
    }
    expect_output("");
}
END_TEST

/* Lines need room for themselves and, if lines were lost, for the notice about them, each with its newline; not one
 * byte more. */
START_TEST(test_room_to_the_last_byte) {
    const uint32_t notice = (uint32_t)strlen("[c1] kernel: 1 lines lost\n");
    char text[R4_LOG_BYTES / 2];
    start(0);
    memset(text, 'x', sizeof(text));
    console_line(text, R4_LOG_BYTES / 2 - 1);
    console_line(text, R4_LOG_BYTES / 2 - 1);
    ck_assert_uint_eq(log_used(0), R4_LOG_BYTES);
    peer_prints(0, KERNEL_OWN, 9);
    ck_assert(console_has_room(9) && !console_has_room(10));
    console_line(text, 9);
    ck_assert_uint_eq(log_used(0), R4_LOG_BYTES - 9);
    peer_prints(0, KERNEL_OWN, notice);
    ck_assert(console_has_room(9) && !console_has_room(10));
    console_line(text, 9);
    ck_assert_uint_eq(log_used(0), R4_LOG_BYTES - 9 - notice);
    peer_prints(0, KERNEL_OWN, 1);
    ck_assert(console_has_room(10) && !console_has_room(11));
    console_line(text, 9);
    ck_assert_uint_eq(log_used(0), R4_LOG_BYTES);
}
END_TEST

/* The owner makes room itself, as far as the device takes it. */
START_TEST(test_owner_has_room) {
    char text[100];
    memset(text, 'x', sizeof(text));
    start(KERNEL_OWN);
    ck_assert(console_has_room(R4_LOG_BYTES));
    looks_per_burst = 0;
    fill(KERNEL_OWN, sizeof(text));
    ck_assert(!console_has_room(200));
    looks_per_burst = 1;
    for (uint32_t i = 0; i < 300 / CONSOLE_STEP && !console_has_room(200); i++) {
    }
    ck_assert(console_has_room(200));
    ck_assert_uint_eq(waits, 0);
}
END_TEST

/* The last words of a panic wait for room, but not for ever. */
START_TEST(test_last_words_wait) {
    char text[200];
    memset(text, 'y', sizeof(text));
    start(0);
    fill(0, 100);
    uint32_t end = atomic_load(&r4_linker_header.log.end);
    console_last_words(text, sizeof(text));
    ck_assert_uint_gt(now, CONSOLE_WAIT_MS * TICKS_PER_MS);
    ck_assert_uint_lt(now, (CONSOLE_WAIT_MS + 2) * TICKS_PER_MS);
    ck_assert_uint_eq(atomic_load(&r4_linker_header.log.end), end);
}
END_TEST

static void owner_prints_all(void) { peer_prints(0, KERNEL_OWN, log_used(0)); }

START_TEST(test_full_log_gets_room) {
    start(0);
    fill(0, 100);
    event = owner_prints_all;
    event_at = CONSOLE_WAIT_MS * TICKS_PER_MS / 2;
    char text[200];
    memset(text, 'z', sizeof(text));
    console_last_words(text, sizeof(text));
    ck_assert_uint_eq(log_used(0), sizeof(text) + 1);
    ck_assert_uint_lt(now, CONSOLE_WAIT_MS * TICKS_PER_MS);
}
END_TEST

static void owner_dies(void) { kernel_panics(0); }

/* The owner dies while last words wait for it, and this cluster is the next one. */
START_TEST(test_owner_dies_while_log_is_full) {
    start(0);
    uint32_t lines = fill(0, 100);
    char text[200];
    memset(text, 'z', sizeof(text));
    console_line(text, sizeof(text)); /* this line is lost */
    event = owner_dies;
    event_at = now + TICKS_PER_MS;
    uint64_t began = now;
    console_last_words(text, sizeof(text));
    ck_assert_uint_lt(now - began, 2 * TICKS_PER_MS);
    static const char notice[] = "[c1] kernel: 1 lines lost\n";
    ck_assert_uint_eq(output_length, lines * 101 + strlen(notice) + sizeof(text) + 1);
    ck_assert(memcmp(output + (size_t)lines * 101, notice, strlen(notice)) == 0);
    ck_assert_int_eq(output[output_length - 2], 'z');
    output_length = 0;
    line("next");
    expect_output("next\n");
}
END_TEST

START_TEST(test_unprintable_bytes) {
    start(KERNEL_OWN);
    peer_logs(0, "\x1b[2J\r\t\x7f\x80\xff ~\x1f\n");
    poll();
    expect_output("?[2J????? ~?\n");
}
END_TEST

/* If the end of a log is an impossible one, nothing is printed that was never written. */
START_TEST(test_end_that_makes_no_sense) {
    start(KERNEL_OWN);
    atomic_store(&kernel_header(3)->log.end, R4_LOG_BYTES + 1);
    peer_logs(0, "good\n");
    poll();
    expect_output("good\n");
    peer_logs(3, "better\n");
    poll();
    expect_output("better\n");
}
END_TEST

/* One log does not keep the others waiting: of each a limited number of bytes is printed in a turn, up to the end of a
 * line. A poll prints a limited number of bytes. */
START_TEST(test_turns) {
    start(KERNEL_OWN);
    char text[101];
    memset(text, 'x', 99);
    strcpy(text + 99, "\n");
    for (uint32_t i = 0; i < 5; i++) {
        peer_logs(0, text);
    }
    peer_logs(3, "short\n");
    peer_logs(2, "brief\n");
    for (uint32_t i = 1; i <= 512 / CONSOLE_STEP; i++) {
        ck_assert(console_poll(console_all()) || i == 512 / CONSOLE_STEP);
        ck_assert_uint_eq(output_length, i * CONSOLE_STEP);
    }
    ck_assert(!poll());
    ck_assert_uint_eq(output_length, 512);
    ck_assert(memcmp(output, "brief\nshort\n", 12) == 0);
    peer_logs(3, "short\n"); /* the next turn is cluster 0's */
    ck_assert(!poll());
    output_length = 0;
    for (uint32_t i = 0; i < 5; i++) {
        peer_logs(0, text);
    }
    peer_logs(2, "brief\n");
    peer_logs(2, "again\n");
    ck_assert(!poll());
    ck_assert(memcmp(output + 200, "brief\nagain\n", 12) == 0); /* after two lines of 100 bytes */
    ck_assert_uint_eq(output_length, 512);
}
END_TEST

/* Only the logs of clusters that have rung are looked at, and those that had more to print. */
START_TEST(test_only_who_rang) {
    start(KERNEL_OWN);
    ck_assert(!poll());
    peer_logs(0, "not yet\n");
    peer_logs(3, "now\n");
    ck_assert(!console_poll(1U << 3));
    expect_output("now\n");
    ck_assert(!console_poll(1U << 0));
    expect_output("not yet\n");
}
END_TEST

/* A line was logged for the owner, which died and did not print it: its successor is rung for it. */
START_TEST(test_rings_the_successor) {
    start(2);
    line("[c1] own");
    ck_assert_uint_eq(rung_last, 2);
    dies(0); /* another one: the owner has been rung once, and is rung again */
    ck_assert_uint_eq(rung, 2);
    dies(2);
    ck_assert_uint_eq(rung, 3);
    ck_assert_uint_eq(rung_last, 3);
    peer_prints(3, KERNEL_OWN, 9);
    console_peer_died();
    ck_assert_uint_eq(rung, 3); /* all is printed */
}
END_TEST

SUITE_MAIN("kernel console", test_owner_prints, test_others_log, test_takeover, test_takeover_by_a_line,
           test_last_cluster_speaks, test_full_log_drops_at_once, test_room_to_the_last_byte, test_owner_has_room,
           test_last_words_wait, test_full_log_gets_room, test_owner_dies_while_log_is_full, test_unprintable_bytes,
           test_end_that_makes_no_sense, test_turns, test_only_who_rang, test_rings_the_successor)
