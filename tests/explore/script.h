/* SPDX-License-Identifier: MIT
 *
 * What the threads of a scenario call, what can happen next, and what must hold.
 */
#ifndef R4_EXPLORE_SCRIPT_H
#define R4_EXPLORE_SCRIPT_H

#include "access.h"

#define SCRIPT_MOVES   32U /* at most, in any state */
#define SCRIPT_ACTIONS 8U
#define SCRIPT_THREADS 2U /* of a cluster */

enum move_kind {
    MOVE_CONTINUE, /* a processor in its kernel goes on */
    MOVE_EVENT,    /* a processor takes a pending interrupt */
    MOVE_CALL,     /* the thread that a processor runs makes its next call */
    MOVE_DRAIN,    /* the memory takes a processor's oldest store */
    MOVE_KILL      /* a cluster dies */
};

struct move {
    uint8_t kind;
    uint8_t cluster;
    uint8_t value; /* EVENT: enum machine_event; CALL: index of the action */
    uint8_t reserved;
};

/* Chooses a scenario; the cluster `killed` dies at some time in it, -1: none does. Sets sim.cluster_count and
 * sim.ring_slots. False if there is no such scenario. */
bool script_choose(const char *name, int killed);
void script_print_all(void);

/* The kernels are loaded: boots them, gives the scenario what it needs, and begins. */
void script_start(void);

/* What can happen in the present state, and making it happen. */
uint32_t script_moves(struct move moves[SCRIPT_MOVES]);
void script_do(const struct move *move);
void script_describe(const struct move *move, char *text, size_t size);

/* Called after state_restore(): the direct maps are those of the state. */
void script_restored(void);

/* True if nothing more happens in the present state unless a cluster dies. Then everything must be answered, and the
 * memory where it belongs: checks that, and counts this end. */
bool script_is_rest(const struct move *moves, uint32_t count);
void script_rest(void);

/* Forgets the ends so far; prints them; fails if a call was never answered as it may be. */
void script_begin_ends(void);
void script_print_ends(void);
void script_check_ends(void);

#endif
