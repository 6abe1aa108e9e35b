/* SPDX-License-Identifier: MIT
 *
 * How the clusters of a measurement keep step.
 */
#include "bench/together.h"
#include "lib/print.h"

static uint32_t reached; /* milestones since traffic_begin() */
static struct traffic before;

static uint64_t milestone_of(uint32_t step, struct traffic traffic) {
    uint64_t milestone = bench_milestone_messages_set(0, traffic.messages);
    milestone = bench_milestone_doorbells_set(milestone, traffic.doorbells);
    return bench_milestone_step_set(milestone, step);
}

struct traffic traffic_of(uint64_t milestone) {
    return (struct traffic){bench_milestone_messages_get(milestone), bench_milestone_doorbells_get(milestone)};
}

void step_reach(uint32_t step, struct traffic traffic) {
    reached++;
    must(r4_debug_milestone(r4_debug(), milestone_of(step, traffic)), "reaching a step");
}

uint64_t step_wait(uint32_t cluster, uint32_t step) {
    struct r4_result result = r4_debug_wait(r4_debug(), cluster, bench_milestone_step_set(0, step));
    must(result.error, "waiting for the other cluster");
    must(result.value == MILESTONE_FAILED ? R4_ERR_REVOKED : R4_OK, "the other cluster");
    return result.value;
}

struct traffic step_wait_all(uint32_t step) {
    struct traffic sum = {0, 0};
    for (uint32_t cluster = 0; cluster < r4_info()->cluster_count; cluster++) {
        if (cluster != r4_info()->cluster) {
            struct traffic traffic = traffic_of(step_wait(cluster, step));
            sum.messages += traffic.messages;
            sum.doorbells += traffic.doorbells;
        }
    }
    return sum;
}

void traffic_begin(void) {
    reached = 0;
    before = traffic_read();
}

struct traffic traffic_end(void) {
    struct traffic traffic = traffic_since(before);
    traffic.doorbells -= (uint64_t)reached * (r4_info()->cluster_count - 1);
    return traffic;
}
