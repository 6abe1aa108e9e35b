/* SPDX-License-Identifier: MIT
 *
 * A program's lines when the cluster's log is full: the kernel waits for nobody; the program tries again, and after
 * CONSOLE_WAIT_MS the line is given up.
 */
#include "call/handlers.h"
#include "diag/console.h"
#include "kernel.h"
#include "sched/operation.h"
#include "sched/sched.h"

#define TICKS_PER_MS 1000U

static size_t room;  /* bytes in the log */
static size_t asked; /* for how many, last */
static uint64_t now = 7;
static char written[512]; /* lines, each with its newline */
static size_t written_length;
static struct thread thread;

uint64_t machine_now(void) { return now; }
bool console_has_room(size_t bytes) {
    asked = bytes;
    return bytes <= room;
}
void log_user_line(const char *text, uint32_t length) {
    memcpy(written + written_length, text, length);
    written_length += length;
    written[written_length++] = '\n';
}
void doorbell_ring_all(void) { ck_abort(); }
void shutdown_finish(uint32_t code) { ck_abort_msg("%u", code); }
void sched_unready(struct thread *stopped, enum thread_state state) { ck_abort_msg("%p %d", (void *)stopped, state); }
struct operation *operation_start(struct core *core, struct thread *caller, enum operation_kind kind,
                                  struct r4_slot *root) {
    ck_abort_msg("%p %p %d %p", (void *)core, (void *)caller, kind, (void *)root);
    return NULL;
}
void operation_wait(struct operation *operation) { ck_abort_msg("%p", (void *)operation); }
void operation_wait_in(struct operation *operation, struct operation **list) {
    ck_abort_msg("%p in %p", (void *)operation, (void *)list);
}

static enum r4_error write_text(const char *text) {
    struct invocation invocation = {.core = &own_core, .caller = &thread, .argument = {strlen(text)}};
    memcpy(&invocation.argument[1], text, strlen(text));
    return sys_debug_write(&invocation).error;
}

static void expect_written(const char *text) {
    ck_assert_uint_eq(written_length, strlen(text));
    ck_assert(memcmp(written, text, written_length) == 0);
}

static void start(size_t bytes) {
    r4_linker_boot_info.tsc_khz = TICKS_PER_MS;
    room = bytes;
}

START_TEST(test_full_log_refuses) {
    start(0);
    ck_assert_int_eq(write_text("hel"), R4_OK); /* no line gets complete */
    ck_assert_int_eq(write_text("lo\n"), R4_ERR_FULL);
    ck_assert_uint_eq(thread.line_length, 3);
    ck_assert_uint_ge(asked, strlen("[c63] hello\n"));
    expect_written("");
    room = R4_LOG_BYTES;
    ck_assert_int_eq(write_text("lo\n"), R4_OK);
    expect_written("hello\n");
}
END_TEST

/* After that the line goes to the log all the same, which drops and counts it. The next one has its own time. */
START_TEST(test_line_given_up) {
    start(0);
    for (uint32_t turn = 0; turn < 2; turn++) {
        ck_assert_int_eq(write_text("a\n"), R4_ERR_FULL);
        now += CONSOLE_WAIT_MS * TICKS_PER_MS;
        ck_assert_int_eq(write_text("a\n"), R4_ERR_FULL);
        now++;
        ck_assert_int_eq(write_text("a\n"), R4_OK);
    }
    expect_written("a\na\n");
}
END_TEST

/* The room that is asked for is enough for what one call can write. */
START_TEST(test_room_is_enough) {
    start(R4_LOG_BYTES);
    ck_assert_int_eq(write_text("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"), R4_OK);
    ck_assert_uint_ge(asked, 24 * strlen("[c63] \n"));
    ck_assert_uint_lt(asked, R4_LOG_BYTES / 2);
    memset(thread.line, 'x', THREAD_LINE);
    thread.line_length = THREAD_LINE - 1; /* full with one byte more, newline or not */
    ck_assert_int_eq(write_text("yz"), R4_OK);
    ck_assert_uint_ge(asked, THREAD_LINE + strlen("[c63] \n"));
    ck_assert_uint_eq(thread.line_length, 1);
}
END_TEST

SUITE_MAIN("kernel debug", test_full_log_refuses, test_line_given_up, test_room_is_enough)
