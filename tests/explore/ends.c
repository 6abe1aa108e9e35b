/* SPDX-License-Identifier: MIT
 *
 * The kinds of ends are kept as the lines that are printed.
 */
#include "ends.h"
#include "memory.h"
#include <stdio.h>
#include <string.h>

#define ENDS_KINDS 256U
#define ENDS_LINE  256U

static struct kind {
    char text[ENDS_LINE];
    uint64_t count;
} kinds[ENDS_KINDS];
static uint32_t kind_count;
static uint64_t reached[SCRIPT_ACTIONS]; /* bit per enum r4_error with which the call was answered */

void ends_begin(void) {
    kind_count = 0;
    memset(reached, 0, sizeof(reached));
}

uint8_t ends_owner(phys_t block) {
    uint32_t owner = 0;
    while (owner < sim.cluster_count && !memory_owns(owner, block, R4_LARGE_SIZE)) {
        owner++;
    }
    return (uint8_t)(owner == sim.cluster_count ? ACCESS_CLUSTERS : owner);
}

void ends_own(phys_t block, uint8_t owner) {
    uint8_t now = ends_owner(block);
    if (now == owner) {
        return;
    }
    if (now != ACCESS_CLUSTERS) {
        memory_present(now, block, R4_LARGE_SIZE, false);
    }
    if (owner != ACCESS_CLUSTERS) {
        memory_present(owner, block, R4_LARGE_SIZE, true);
    }
}

void ends_answer(const struct places *places, const struct action *action, uint32_t number, enum r4_error error,
                 bool death) {
    /* What a dead cluster holds stays lent: it is no untyped any more. */
    uint64_t answers = action->answers | (death ? 1ULL << R4_ERR_CLUSTER_DOWN | 1ULL << R4_ERR_TYPE : 0);
    if ((answers >> error & 1) == 0) {
        sim_fail("answers are right", "c%u: %s is answered with %s", action->cluster, action->name,
                 r4_error_name(error));
    }
    reached[number] |= 1ULL << error;
    if (action->call == SCENARIO_REVOKE && action->object == OBJECT_OWN && error == R4_OK &&
        !memory_owns(action->cluster, places->block, R4_LARGE_SIZE)) {
        sim_fail("revoked memory is home", "c%u has revoked its memory, which is in the direct map of %u",
                 action->cluster, ends_owner(places->block));
    }
}

/* True if the call was never made because a call before it was never answered, by a cluster that is dead. */
static bool is_excused(const struct scenario *scenario, const struct script_state *state, uint32_t number) {
    const struct action *action = &scenario->actions[number];
    if ((state->dead >> action->cluster & 1) != 0) {
        return true;
    }
    bool excused = false;
    for (uint32_t i = 0; i < number && state->begun[number] == 0; i++) {
        bool before = (action->after >> i & 1) != 0 || (scenario->actions[i].cluster == action->cluster &&
                                                        scenario->actions[i].thread == action->thread);
        excused = excused || (before && state->answered[i] == 0 && is_excused(scenario, state, i));
    }
    return excused;
}

static void stays_check(const struct scenario *scenario, const struct script_state *state) {
    for (uint32_t i = 0; i < SCRIPT_ACTIONS; i++) {
        uint32_t lender = scenario->actions[i].cluster;
        if (scenario->actions[i].stays && state->answered[i] != 0 && state->error[i] == R4_OK &&
            state->owners[lender] == lender) {
            sim_fail("a loan stays", "c%u has its memory back, which nobody has revoked", lender);
        }
    }
}

static void memory_check(const struct places *places, const struct script_state *state) {
    uint32_t home = places->instance->number;
    uint8_t owner = state->owners[home];
    bool lent = false;
    if ((state->dead >> home & 1) != 0 || owner == home) {
        return;
    }
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        const struct peer *record = places->instance->cluster->peers[peer];
        for (uint32_t i = 0; record != NULL && i < LOANS; i++) {
            enum loan_out_state loan = record->lent[i].state;
            lent = lent || loan == LOAN_OUT_LENT || (loan != LOAN_OUT_FREE && (state->dead >> peer & 1) != 0);
        }
    }
    if (!lent || (owner == ACCESS_CLUSTERS && state->dead == 0)) {
        sim_fail("memory is accounted for", "the memory of c%u is neither at home nor lent", home);
    }
}

/* What a dead cluster had answered counts: nothing that it wrote lies unread. */
static void rings_check(const struct instance *instance, const struct script_state *state) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct peer *peer = instance->cluster->peers[number];
        if (peer == NULL || (state->dead >> number & 1) == 0) {
            continue;
        }
        const struct r4_message *slot = &peer->in.ring->slots[peer->in.position & (peer->in.slots - 1)];
        if (slot->sequence == peer->in.position + 1 && peer->buried < peer->in.slots) {
            sim_fail("answers count", "c%u has not read what c%u wrote before it died", instance->number, number);
        }
    }
}

static void kind_count_up(const char *text) {
    uint32_t kind = 0;
    while (kind < kind_count && strcmp(kinds[kind].text, text) != 0) {
        kind++;
    }
    if (kind == ENDS_KINDS) {
        sim_fail("host", "too many kinds of ends");
    }
    if (kind == kind_count) {
        kind_count++;
        snprintf(kinds[kind].text, ENDS_LINE, "%s", text);
    }
    kinds[kind].count++;
}

void ends_note(const struct scenario *scenario, const struct places *places, const struct script_state *state) {
    char text[ENDS_LINE];
    size_t length = 0;
    for (uint32_t i = 0; i < SCRIPT_ACTIONS && scenario->actions[i].call != SCENARIO_END; i++) {
        const struct action *action = &scenario->actions[i];
        const char *result = state->begun[i] == 0 ? "not made" : "no answer";
        if (state->answered[i] != 0) {
            result = r4_error_name((enum r4_error)state->error[i]) + sizeof("R4_") - 1;
        } else if (!is_excused(scenario, state, i)) {
            sim_fail("calls are answered", "c%u: %s was never %s", action->cluster, action->name,
                     state->begun[i] == 0 ? "made" : "answered");
        }
        length +=
            (size_t)snprintf(text + length, ENDS_LINE - length, "c%u %s: %s, ", action->cluster, action->name, result);
    }
    stays_check(scenario, state);
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        memory_check(&places[i], state);
        if ((state->dead >> i & 1) == 0) {
            rings_check(&sim.instances[i], state);
        }
        const char *owner =
            state->owners[i] == ACCESS_CLUSTERS ? "-" : (const char *[]){"c0", "c1", "c2", "c3"}[state->owners[i]];
        length += (size_t)snprintf(text + length, ENDS_LINE - length, "%s%s", i == 0 ? "memory with " : " ", owner);
    }
    kind_count_up(text);
}

void ends_print(void) {
    for (uint32_t i = 0; i < kind_count; i++) {
        printf("  %8lu times: %s\n", kinds[i].count, kinds[i].text);
    }
}

void ends_check_block(const struct places *places) {
    const uint64_t *words = memory_host(places->block);
    for (uint64_t i = 0; i < R4_LARGE_SIZE / sizeof(*words); i++) {
        if (words[i] != 0) {
            sim_fail("host", "the memory that c%u lends was written", places->instance->number);
        }
    }
}

void ends_check(const struct scenario *scenario) {
    for (uint32_t i = 0; i < SCRIPT_ACTIONS; i++) {
        uint64_t missed = scenario->actions[i].answers & ~reached[i];
        if (missed != 0) {
            sim_fail("answers are reached", "c%u: %s is never answered with %s", scenario->actions[i].cluster,
                     scenario->actions[i].name, r4_error_name((enum r4_error)__builtin_ctzll(missed)));
        }
    }
}
