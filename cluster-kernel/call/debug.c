/* SPDX-License-Identifier: MIT
 *
 * The Debug capability: console, milestones between clusters, counters, the end of the run. For the demonstration, the
 * figures and the tests.
 */
#include "call/handlers.h"
#include "cluster/doorbell.h"
#include "diag/log.h"
#include "diag/shutdown.h"
#include "sched/operation.h"
#include "sched/sched.h"

struct outcome sys_debug_write(struct invocation *invocation) {
    struct thread *thread = invocation->caller;
    uint64_t count = invocation->argument[0];
    if (count == 0 || count > R4_DEBUG_WRITE_MAX) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    for (uint64_t i = 0; i < count; i++) {
        char byte = r4_debug_write_byte(&invocation->argument[1], i);
        if (byte != '\n') {
            thread->line[thread->line_length++] = byte >= ' ' && byte <= '~' ? byte : '?';
        }
        if (byte == '\n' || thread->line_length == THREAD_LINE) {
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
