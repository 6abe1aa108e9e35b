/* SPDX-License-Identifier: MIT
 *
 * The Debug capability: console, milestones between clusters, counters, the end of the run. For the demonstration, the
 * figures and the tests.
 */
#include "call/handlers.h"
#include "cluster/doorbell.h"
#include "diag/console.h"
#include "diag/log.h"
#include "diag/shutdown.h"
#include "sched/operation.h"
#include "sched/sched.h"

/* An upper bound of what the log gets if these bytes are written; 0: no line gets complete. */
static size_t lines_bytes(const struct thread *thread, const char *text, uint64_t count) {
    uint64_t newlines = 0;
    for (uint64_t i = 0; i < count; i++) {
        newlines += text[i] == '\n';
    }
    uint64_t bytes = thread->line_length + count;
    return newlines == 0 && bytes < THREAD_LINE ? 0 : bytes + (newlines + 1) * LOG_PREFIX;
}

/* Nobody waits for the console in the kernel: the program tries again. After CONSOLE_WAIT_MS its line is lost. */
static bool is_too_early(struct thread *thread, size_t bytes) {
    if (bytes == 0 || console_has_room(bytes)) {
        thread->line_wait_end = 0;
        return false;
    }
    uint64_t now = machine_now();
    if (thread->line_wait_end == 0) {
        thread->line_wait_end = now + (uint64_t)boot_info()->tsc_khz * CONSOLE_WAIT_MS;
    }
    return now <= thread->line_wait_end;
}

struct outcome sys_debug_write(struct invocation *invocation) {
    struct thread *thread = invocation->caller;
    uint64_t count = invocation->argument[0];
    if (count == 0 || count > R4_DEBUG_WRITE_MAX) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    const union {
        uint64_t words[R4_DEBUG_WRITE_MAX / sizeof(uint64_t)];
        char text[R4_DEBUG_WRITE_MAX];
    } bytes = {{invocation->argument[1], invocation->argument[2], invocation->argument[3]}};
    const char *text = bytes.text;
    if (is_too_early(thread, lines_bytes(thread, text, count))) {
        return outcome_now(R4_ERR_FULL);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    thread->line_wait_end = 0;
    for (uint64_t i = 0; i < count; i++) {
        bool is_end = text[i] == '\n';
        if (!is_end) {
            thread->line[thread->line_length++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
        }
        if (is_end || thread->line_length == THREAD_LINE) {
            log_user_line(thread->line, thread->line_length);
            thread->line_length = 0;
        }
    }
    return outcome_now(R4_OK);
}

struct outcome sys_debug_milestone(struct invocation *invocation) {
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    /* Pairs with milestone_check() of the peers: all that this cluster wrote before. */
    atomic_store_explicit(&own_header()->milestone, invocation->argument[0], memory_order_release);
    doorbell_ring_all();
    return outcome_now(R4_OK);
}

struct outcome sys_debug_wait(struct invocation *invocation) {
    uint64_t peer = invocation->argument[0];
    if (invocation_is_once(invocation)) { /* the peer may die meanwhile */
        return outcome_now(R4_ERR_ONCE);
    }
    if (peer >= cluster_count() || peer == this_cluster()) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    /* commit */
    struct operation *wait = operation_start(invocation->core, invocation->caller, OPERATION_MILESTONE_WAIT, NULL);
    wait->peer = cluster.peers[peer];
    wait->progress = invocation->argument[1];
    operation_wait_in(wait, &wait->peer->milestone_waits);
    cluster.awaited |= 1ULL << peer;
    operation_wait(wait);
    cluster.poll = true; /* milestone_check(): the milestone may already be reached */
    return outcome_later();
}

static uint64_t idle_count(void) {
    uint64_t count = 0;
    for (uint64_t left = cluster.idle_cores; left != 0; left &= left - 1) {
        count++;
    }
    return count;
}

static uint64_t stat_get(uint64_t stat) {
    switch (stat) {
    case R4_STAT_MESSAGES_SENT:
        return cluster.messages_sent;
    case R4_STAT_DOORBELLS_SENT:
        return cluster.doorbells_sent;
    case R4_STAT_REVOKES_RESUMED:
        return cluster.operations_resumed;
    case R4_STAT_LOAN_MESSAGES_DROPPED:
        return cluster.loan_messages_dropped;
    default:
        return idle_count();
    }
}

struct outcome sys_debug_stat(struct invocation *invocation) {
    if (invocation->argument[0] >= R4_STAT_COUNT) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    invocation->value = stat_get(invocation->argument[0]);
    return outcome_now(R4_OK);
}

struct outcome sys_debug_exit(struct invocation *invocation) {
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    sched_unready(invocation->caller, THREAD_STOPPED);
    shutdown_finish((uint32_t)invocation->argument[0]);
    return outcome_later();
}
