/* SPDX-License-Identifier: MIT
 *
 * Fairness of one core: equals get equal time, also while a more urgent thread keeps preempting them. The run queue and
 * the slices are the kernel's; the machine is a clock and a timer.
 */
#include "kernel.h"
#include "object/pd.h"
#include "sched/sched.h"
#include "sched/slice.h"

#define SLICE 5000U    /* ticks */
#define END   5000000U /* of a run: a thousand slices */
#define NEVER UINT64_MAX

static uint64_t now;
static uint64_t timer = NEVER;

/* --- neighbours --- */

uint64_t machine_now(void) { return now; }
void machine_timer_set(uint64_t deadline) { timer = deadline; }
void machine_timer_stop(void) { timer = NEVER; }
void machine_send(uint32_t apic_id, enum machine_event event) {
    ck_abort_msg("event %d is sent to core %u: there is one core", event, apic_id);
}
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    (void)event;
    (void)first;
    (void)second;
}

/* --- the core --- */

enum { EQUALS = 3, URGENT = EQUALS, URGENT_TOO, THREADS, CLUSTER = THREADS };
static struct thread threads[THREADS];
static struct pd pd;
static uint64_t had[THREADS + 1]; /* ticks in which it ran, and the cluster's operations */
enum { OPERATIONS = 3 };
static struct operation operations[OPERATIONS]; /* that the cluster runs */
static uint64_t operation_had[OPERATIONS];

static struct operation *operation_first(void) {
    struct runqueue_member *first = runqueue_first(&cluster.orphans);
    return (struct operation *)((char *)first - offsetof(struct operation, queue));
}

static void ready(uint32_t number, uint32_t priority) {
    threads[number].pd = &pd;
    threads[number].queue.priority = priority;
    sched_ready(&threads[number]);
}

/* Runs the core up to `until`: as the dispatcher does, after each event it serves the first thread of the queue. */
static void run_until(uint64_t until) {
    while (now < until) {
        struct runqueue_member *first = sched_first(&own_core);
        struct thread *thread = first == &own_core.share ? NULL : sched_thread(first);
        if (thread != NULL) {
            slice_arm(&own_core, first, sched_has_equal(thread));
        } else {
            slice_arm(&own_core, first, sched_share_has_equal(&own_core, runqueue_first(&cluster.orphans)));
        }
        own_core.current = thread;
        uint64_t next = timer < until ? timer : until;
        had[thread == NULL ? CLUSTER : (uint32_t)(thread - threads)] += next - now;
        if (thread == NULL) {
            struct operation *served = operation_first();
            operation_had[served - operations] += next - now;
        }
        now = next;
        if (now == timer) {
            timer = NEVER;
            slice_tick(&own_core);
        }
    }
}

static void start(void) {
    cluster.cores[0] = &own_core;
    cluster.slice_ticks = SLICE;
    for (uint32_t i = 0; i < EQUALS; i++) {
        ready(i, 100);
    }
}

/* Each of the equals has had its share, within one slice. */
static void expect_shares(uint64_t total) {
    for (uint32_t i = 0; i < EQUALS; i++) {
        ck_assert_uint_ge(had[i] + SLICE, total / EQUALS);
        ck_assert_uint_le(had[i], total / EQUALS + SLICE);
    }
}

/* --- tests --- */

START_TEST(test_equals) {
    start();
    run_until(END);
    expect_shares(END);
}
END_TEST

/* A more urgent thread runs for a moment, more often than a slice lasts. */
START_TEST(test_preempted_keep_the_rest) {
    static const uint64_t pauses[] = {SLICE / 3, SLICE - 1, SLICE, SLICE + 1, 7};
    for (uint32_t i = 0; i < R4_COUNT(pauses); i++) {
        memset(threads, 0, sizeof(threads));
        memset(&own_core, 0, sizeof(own_core));
        memset(had, 0, sizeof(had));
        now = 0;
        start();
        while (now < END) {
            run_until(now + pauses[i]);
            ready(URGENT, 200);
            run_until(now + 2);
            sched_unready(&threads[URGENT], THREAD_BLOCKED);
        }
        expect_shares(now - had[URGENT]);
        ck_assert_uint_gt(had[URGENT], 0);
    }
}
END_TEST

/* Who leaves in the middle of its slice begins a whole one when it comes back, as the last. */
START_TEST(test_who_leaves_comes_last) {
    start();
    run_until(SLICE / 2);
    ck_assert_ptr_eq(sched_first(&own_core), &threads[0].queue);
    sched_unready(&threads[0], THREAD_STOPPED);
    ck_assert_ptr_null(own_core.slice_owner);
    sched_ready(&threads[0]);
    run_until(now + 2 * SLICE);
    ck_assert_ptr_eq(sched_first(&own_core), &threads[0].queue);
    ck_assert_uint_eq(had[1], SLICE);
    ck_assert_uint_eq(had[2], SLICE);
    run_until(now + SLICE);
    ck_assert_uint_eq(had[0], SLICE / 2 + SLICE);
}
END_TEST

/* More urgent threads that are equals have slices of their own, whatever is left of that of the one they preempt. */
START_TEST(test_urgent_equals) {
    start();
    run_until(SLICE / 3);
    ready(URGENT, 200);
    ready(URGENT_TOO, 200);
    run_until(now + SLICE);
    ck_assert_uint_eq(had[URGENT], SLICE);
    ck_assert_uint_eq(had[URGENT_TOO], 0);
    run_until(now + SLICE);
    ck_assert_uint_eq(had[URGENT_TOO], SLICE);
    sched_unready(&threads[URGENT], THREAD_BLOCKED);
    sched_unready(&threads[URGENT_TOO], THREAD_BLOCKED);
    run_until(now + SLICE);
    ck_assert_uint_eq(had[0], SLICE); /* what was left */
    ck_assert_uint_eq(had[1], SLICE / 3);
}
END_TEST

/* Who is served keeps its slice when one of those who wait leaves. */
START_TEST(test_another_leaves) {
    start();
    run_until(SLICE / 3);
    sched_unready(&threads[2], THREAD_STOPPED);
    ck_assert_ptr_eq(own_core.slice_owner, &threads[0].queue);
    run_until(2 * SLICE);
    ck_assert_uint_eq(had[0], SLICE);
    ck_assert_uint_eq(had[1], SLICE);
}
END_TEST

/* The interrupt of a timer that was set anew meanwhile, or that counts a long slice in parts, ends no slice. Else two
 * threads that leave just when their slices end, in turn, keep an equal from ever running. */
START_TEST(test_early_interrupt) {
    start();
    run_until(SLICE / 2);
    slice_tick(&own_core);
    run_until(SLICE - 1);
    ck_assert_uint_eq(had[0], SLICE - 1);
    now = SLICE; /* the timer's interrupt waits while the thread leaves */
    sched_unready(&threads[0], THREAD_BLOCKED);
    slice_arm(&own_core, sched_first(&own_core), true);
    slice_tick(&own_core);
    run_until(now + SLICE);
    ck_assert_uint_eq(had[1], SLICE);
    run_until(now + SLICE);
    ck_assert_uint_eq(had[2], SLICE);
}
END_TEST

/* --- operations that the cluster runs --- */

static void orphan(uint32_t number, uint32_t priority) {
    operations[number].queue.priority = priority;
    runqueue_append(&cluster.orphans, &operations[number].queue);
}

static void orphan_ends(uint32_t number) { runqueue_remove(&cluster.orphans, &operations[number].queue); }

/* What an equal left undone has a slice like each of the threads, also while a more urgent one keeps preempting. */
START_TEST(test_operation_is_an_equal) {
    start();
    run_until(SLICE / 3);
    orphan(0, 100);
    run_until(now + SLICE / 3);
    ck_assert_uint_eq(had[CLUSTER], 0);
    ck_assert_uint_eq(had[0], SLICE / 3 * 2);
    while (now < END) {
        run_until(now + SLICE - 1);
        ready(URGENT, 200);
        run_until(now + 2);
        sched_unready(&threads[URGENT], THREAD_BLOCKED);
    }
    ck_assert_uint_gt(had[CLUSTER] + 2 * SLICE, (END - had[URGENT]) / (EQUALS + 1));
    ck_assert_uint_lt(had[CLUSTER], (END - had[URGENT]) / (EQUALS + 1) + 2 * SLICE);
    orphan_ends(0);
    uint64_t until_now = had[CLUSTER];
    run_until(now + END);
    ck_assert_uint_eq(had[CLUSTER], until_now);
    ck_assert(!runqueue_contains(&own_core.share));
}
END_TEST

/* A more urgent one goes before the threads, a less urgent one after them. The share follows the priority. */
START_TEST(test_operation_by_priority) {
    start();
    orphan(0, 101);
    run_until(3 * SLICE);
    ck_assert_uint_eq(had[CLUSTER], 3 * SLICE);
    ck_assert_uint_eq(timer, NEVER);
    orphan_ends(0);
    orphan(0, 99);
    run_until(now + 3 * SLICE);
    ck_assert_uint_eq(had[CLUSTER], 3 * SLICE);
    ck_assert_uint_eq(had[0] + had[1] + had[2], 3 * SLICE);
    for (uint32_t i = 0; i < EQUALS; i++) {
        sched_unready(&threads[i], THREAD_BLOCKED);
    }
    run_until(now + SLICE);
    ck_assert_uint_eq(had[CLUSTER], 4 * SLICE);
}
END_TEST

/* A more urgent operation that comes often, and ends at once, takes no turn away from one among equals. */
START_TEST(test_operation_among_equals_does_not_starve) {
    for (uint64_t pause = SLICE / 2; pause < 5 * SLICE; pause += SLICE / 2) {
        memset(threads, 0, sizeof(threads));
        memset(&own_core, 0, sizeof(own_core));
        memset(&cluster.orphans, 0, sizeof(cluster.orphans));
        memset(operations, 0, sizeof(operations));
        memset(operation_had, 0, sizeof(operation_had));
        now = 0;
        start();
        orphan(0, 100);
        while (now < END) {
            run_until(now + pause);
            orphan(1, 200);
            run_until(now + 2);
            orphan_ends(1);
        }
        ck_assert_uint_gt(operation_had[0] + 2 * SLICE, END / (EQUALS + 1) * 9 / 10);
    }
}
END_TEST

/* They share the cluster's turns, among threads and on a core with nothing else to do. */
START_TEST(test_equal_operations) {
    start();
    orphan(0, 100);
    orphan(1, 100);
    run_until(END);
    ck_assert_uint_lt(operation_had[0], operation_had[1] + 2 * SLICE);
    ck_assert_uint_lt(operation_had[1], operation_had[0] + 2 * SLICE);
    ck_assert_uint_gt(operation_had[0] + 2 * SLICE, END / (EQUALS + 1) / 2);
    for (uint32_t i = 0; i < EQUALS; i++) {
        sched_unready(&threads[i], THREAD_BLOCKED);
    }
    memset(operation_had, 0, sizeof(operation_had));
    run_until(now + END);
    ck_assert_uint_lt(operation_had[0], operation_had[1] + 2 * SLICE);
    ck_assert_uint_lt(operation_had[1], operation_had[0] + 2 * SLICE);
}
END_TEST

/* No timer for who has no equal. */
START_TEST(test_alone) {
    cluster.cores[0] = &own_core;
    cluster.slice_ticks = SLICE;
    ready(0, 100);
    ready(1, 50);
    run_until(END);
    ck_assert_uint_eq(had[0], END);
    ck_assert_uint_eq(timer, NEVER);
}
END_TEST

/* The timer is armed for what comes first, the end of a slice or a look at the console; neither is lost. */
START_TEST(test_console_is_due) {
    static const uint64_t dues[] = {SLICE / 2, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE / 2};
    for (uint32_t i = 0; i < R4_COUNT(dues); i++) {
        memset(threads, 0, sizeof(threads));
        memset(&own_core, 0, sizeof(own_core));
        memset(had, 0, sizeof(had));
        now = 0;
        cluster.poll = false;
        start();
        own_core.console_due = dues[i];
        run_until(dues[i] - 1);
        ck_assert(!cluster.poll);
        run_until(dues[i] + 1);
        ck_assert(cluster.poll && own_core.console_due == 0);
        run_until(END);
        expect_shares(END);
    }
}
END_TEST

/* Without slices, too: one thread runs, or none. */
START_TEST(test_console_is_due_alone) {
    for (uint32_t threads_there = 0; threads_there < 2; threads_there++) {
        cluster.poll = false;
        start();
        for (uint32_t i = threads_there; i < EQUALS; i++) {
            sched_unready(&threads[i], THREAD_BLOCKED);
        }
        now = 0;
        own_core.slice_end = SLICE; /* has been armed */
        own_core.console_due = SLICE + 5;
        slice_arm(&own_core, threads_there == 0 ? NULL : sched_first(&own_core), false);
        ck_assert_uint_eq(timer, SLICE + 5);
        now = SLICE;
        slice_tick(&own_core); /* a stray interrupt */
        ck_assert_uint_eq(timer, SLICE + 5);
        now = SLICE + 5;
        slice_tick(&own_core);
        ck_assert(cluster.poll && own_core.console_due == 0);
        ck_assert_uint_eq(timer, NEVER);
        memset(&own_core, 0, sizeof(own_core));
        memset(threads, 0, sizeof(threads));
    }
}
END_TEST

SUITE_MAIN("slices", test_equals, test_preempted_keep_the_rest, test_who_leaves_comes_last, test_urgent_equals,
           test_another_leaves, test_early_interrupt, test_operation_is_an_equal, test_operation_by_priority,
           test_operation_among_equals_does_not_starve, test_equal_operations, test_alone, test_console_is_due,
           test_console_is_due_alone)
