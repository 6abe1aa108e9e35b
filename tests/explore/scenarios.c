/* SPDX-License-Identifier: MIT
 *
 * A table to read; clusters are A, B, C, in order.
 */
#include "scenarios.h"
#include <stdio.h>
#include <string.h>

// clang-format off
#define WITH(error)                           (1ULL << R4_##error)
#define AFTER(number)                         (1U << (number)) /* its place in the scenario */
#define AT_ONCE                               0U
#define CALL(name, call, who, thread, peer, what, after, with, stays) \
    {name, SCENARIO_##call, who, thread, peer, OBJECT_##what, after, with, stays}
#define POST(who, peer, after)                CALL("post", POST, who, 0, peer, RECEIVED, after, WITH(OK), false)
#define HANDOFF(who, peer, what, after, with) CALL("handoff", HANDOFF, who, 0, peer, what, after, with, false)
#define LOAN_STAYS(who, peer, what, after)    CALL("handoff", HANDOFF, who, 0, peer, what, after, WITH(OK), true)
#define REVOKE(who, what, after, with)        CALL("revoke", REVOKE, who, 0, 0, what, after, with, false)
#define OTHER_REVOKE(who, what, after, with)  CALL("other revoke", REVOKE, who, 1, 0, what, after, with, false)
// clang-format on

enum { A, B, C };

static const struct scenario scenarios[] = {
    {"lend",
     "A lends to B and revokes",
     2,
     {
         POST(B, A, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
     }},
    {"late",
     "the same, but B's receive slot may come too late; A tries twice",
     2,
     {
         POST(B, A, AT_ONCE),
         HANDOFF(A, B, OWN, AT_ONCE, WITH(OK) | WITH(ERR_NO_RECEIVE_SLOT)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
         HANDOFF(A, B, OWN, AT_ONCE, WITH(OK) | WITH(ERR_NO_RECEIVE_SLOT)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
     }},
    {"cross",
     "A and B lend to each other and revoke",
     2,
     {
         POST(B, A, AT_ONCE),
         POST(A, B, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         HANDOFF(B, A, OWN, AFTER(1), WITH(OK)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
         REVOKE(B, OWN, AT_ONCE, WITH(OK)),
     }},
    {"own",
     "A lends to B, both revoke",
     2,
     {
         POST(B, A, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
         REVOKE(B, RECEIVED, AFTER(1), WITH(OK) | WITH(ERR_EMPTY)),
     }},
    {"impatient",
     "A lends to B; another thread of A revokes at any time, the first one afterwards",
     2,
     {
         POST(B, A, AT_ONCE),
         HANDOFF(A, B, OWN, AT_ONCE, WITH(OK) | WITH(ERR_NO_RECEIVE_SLOT)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
         OTHER_REVOKE(A, OWN, AT_ONCE, WITH(OK)),
     }},
    {"refused",
     "B refuses, A tries again; meanwhile another thread of A may revoke, which must not end the second loan",
     2,
     {
         HANDOFF(A, B, OWN, AT_ONCE, WITH(ERR_NO_RECEIVE_SLOT)),
         OTHER_REVOKE(A, OWN, AT_ONCE, WITH(OK)),
         POST(B, A, AFTER(0)),
         LOAN_STAYS(A, B, OWN, AFTER(1) | AFTER(2)),
     }},
    {"back",
     "A lends to B, B hands it back, A revokes at any time",
     2,
     {
         POST(B, A, AT_ONCE),
         POST(A, B, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         HANDOFF(B, A, RECEIVED, AFTER(1) | AFTER(2), WITH(OK) | WITH(ERR_EMPTY)),
         REVOKE(A, OWN, AFTER(2), WITH(OK)),
     }},
    {"round",
     "A lends to B, B to C, C hands it to A, A revokes at any time",
     3,
     {
         POST(B, A, AT_ONCE),
         POST(C, B, AT_ONCE),
         POST(A, C, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         HANDOFF(B, C, RECEIVED, AFTER(1) | AFTER(3), WITH(OK) | WITH(ERR_EMPTY)),
         HANDOFF(C, A, RECEIVED, AFTER(2) | AFTER(4), WITH(OK) | WITH(ERR_EMPTY) | WITH(ERR_TYPE)),
         REVOKE(A, OWN, AFTER(3), WITH(OK)),
     }},
    {"chain",
     "A lends to B, B to C, A revokes at any time",
     3,
     {
         POST(B, A, AT_ONCE),
         POST(C, B, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         HANDOFF(B, C, RECEIVED, AFTER(1) | AFTER(2), WITH(OK) | WITH(ERR_EMPTY)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
     }},
    {"chain-own",
     "the same, and B revokes, too",
     3,
     {
         POST(B, A, AT_ONCE),
         POST(C, B, AT_ONCE),
         HANDOFF(A, B, OWN, AFTER(0), WITH(OK)),
         HANDOFF(B, C, RECEIVED, AFTER(1) | AFTER(2), WITH(OK) | WITH(ERR_EMPTY)),
         REVOKE(A, OWN, AT_ONCE, WITH(OK)),
         REVOKE(B, RECEIVED, AT_ONCE, WITH(OK) | WITH(ERR_EMPTY)),
     }},
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
