/* SPDX-License-Identifier: MIT
 *
 * A panic as the peers see it: cluster 1 of 4 says that it is down before anything that may take long or fail again,
 * and says once more when its last words are out.
 */
#include "diag/panic.h"
#include "kernel.h"
#include <setjmp.h>

#define STEPS 64U

/* What the panic did, in order: 's' stops the other cores, 'r' rings a peer, 'l' a line, 'e' looks for the end. */
static char steps[STEPS];
static uint32_t states[STEPS]; /* what the header said then */
static uint32_t count;
static jmp_buf stopped;
static bool fails_in_a_line;

static void note(char step) {
    ck_assert_uint_lt(count, STEPS - 1);
    states[count] = atomic_load(&r4_linker_header.state);
    steps[count++] = step;
}

void machine_stop_others(void) { note('s'); }
void machine_stop(void) { longjmp(stopped, 1); }
void machine_backtrace(uint64_t *frames, size_t most) { memset(frames, 0, most * sizeof(*frames)); }
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    (void)event;
    (void)first;
    (void)second;
}
void doorbell_send(uint32_t number) {
    ck_assert_uint_ne(number, KERNEL_OWN);
    note('r');
}
void shutdown_check(void) { note('e'); }
void log_last_words(const char *text, ...) {
    (void)text;
    note('l');
    if (fails_in_a_line) {
        panic("once more");
    }
}

static void panics(void) {
    atomic_store(&r4_linker_header.state, R4_CLUSTER_UP);
    if (setjmp(stopped) == 0) {
        panic("nothing is right");
    }
}

START_TEST(test_order) {
    panics();
    ck_assert_str_eq(steps, "srrrllrrre");
    ck_assert_uint_eq(states[1], R4_CLUSTER_PANICKED); /* told before the words */
    ck_assert_uint_eq(states[5], R4_CLUSTER_PANICKED);
    ck_assert_uint_eq(states[6], R4_CLUSTER_SILENT);
    ck_assert_str_eq(r4_linker_header.panic.text, "nothing is right");
}
END_TEST

/* It fails again while it prints: the peers need not wait for more words. */
START_TEST(test_failure_in_a_panic) {
    fails_in_a_line = true;
    panics();
    ck_assert_str_eq(steps, "srrrlrrr");
    ck_assert_uint_eq(atomic_load(&r4_linker_header.state), R4_CLUSTER_SILENT);
    ck_assert_str_eq(r4_linker_header.panic.text, "nothing is right");
}
END_TEST

SUITE_MAIN("kernel panic", test_order, test_failure_in_a_panic)
