/* SPDX-License-Identifier: MIT
 *
 * A table to read; clusters are A, B, C, in order.
 */
#include "scenarios.h"
#include <stdio.h>
#include <string.h>

#define BIT(number)   (1ULL << (number))
#define AFTER(number) (1U << (number))
#define POST(c, p, after)                                                                                              \
    { "post", SCENARIO_POST, c, 0, p, OBJECT_RECEIVED, after, BIT(R4_OK) }
#define HANDOFF(c, p, object, after, answers)                                                                          \
    { "handoff", SCENARIO_HANDOFF, c, 0, p, object, after, answers }
#define REVOKE(c, thread, object, after, answers)                                                                      \
    { "revoke", SCENARIO_REVOKE, c, thread, 0, object, after, answers }
#define NOBODY 0U

enum { A, B, C };

static const struct scenario scenarios[] = {
    {"lend",
     "A lends to B and revokes",
     2,
     {POST(B, A, NOBODY), HANDOFF(A, B, OBJECT_OWN, AFTER(0), BIT(R4_OK)),
      REVOKE(A, 0, OBJECT_OWN, NOBODY, BIT(R4_OK))}},
    {"late",
     "B's receive slot may come too late",
     2,
     {POST(B, A, NOBODY), HANDOFF(A, B, OBJECT_OWN, NOBODY, BIT(R4_OK) | BIT(R4_ERR_NO_RECEIVE_SLOT)),
      REVOKE(A, 0, OBJECT_OWN, NOBODY, BIT(R4_OK))}},
};

const struct scenario *scenario_find(const char *name) {
    for (size_t i = 0; i < R4_COUNT(scenarios); i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}

void scenarios_print(void) {
    for (size_t i = 0; i < R4_COUNT(scenarios); i++) {
        fprintf(stderr, "  %-10s %s\n", scenarios[i].name, scenarios[i].text);
    }
}

bool scenario_has_second(const struct scenario *scenario, uint32_t number) {
    bool has = false;
    for (uint32_t i = 0; i < SCRIPT_ACTIONS; i++) {
        has = has || (scenario->actions[i].cluster == number && scenario->actions[i].thread == 1);
    }
    return has;
}
