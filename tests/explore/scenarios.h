/* SPDX-License-Identifier: MIT
 *
 * The scenarios: who calls what, after what, and how it may be answered. A later change of the protocol adds its own.
 */
#ifndef R4_EXPLORE_SCENARIOS_H
#define R4_EXPLORE_SCENARIOS_H

#include "script.h"
#include <r4/abi.h>

enum scenario_call { SCENARIO_END, SCENARIO_POST, SCENARIO_HANDOFF, SCENARIO_REVOKE };

/* What a call is about, in the window of its caller. */
enum scenario_object {
    OBJECT_OWN,     /* the cluster's untyped of 2 MiB */
    OBJECT_RECEIVED /* the slot that it posts, and then what is received there */
};

struct action {
    const char *name;
    enum scenario_call call;
    uint32_t cluster;
    uint32_t thread; /* 0 or 1; the first one runs until it waits or has nothing to do */
    uint32_t peer;   /* POST, HANDOFF */
    enum scenario_object object;
    uint32_t after;   /* bit per action that has to be answered first, besides those of the same thread */
    uint64_t answers; /* bit per enum r4_error: all of them are reached; no other is, unless a cluster dies */
    bool stays;       /* a hand-off that nobody revokes: the memory is away at the end */
};

struct scenario {
    const char *name;
    const char *text;
    uint32_t clusters;
    struct action actions[SCRIPT_ACTIONS];
};

struct script_state {
    uint8_t begun[SCRIPT_ACTIONS];
    uint8_t answered[SCRIPT_ACTIONS];
    uint8_t error[SCRIPT_ACTIONS];
    uint8_t owners[ACCESS_CLUSTERS]; /* who has the OWN of that cluster in its direct map; ACCESS_CLUSTERS: nobody */
    uint8_t dead;                    /* bit per cluster */
};

const struct scenario *scenario_find(const char *name);
void scenarios_print(void);

/* True if the cluster has a second thread in it. */
bool scenario_has_second(const struct scenario *scenario, uint32_t number);

#endif
