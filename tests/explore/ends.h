/* SPDX-License-Identifier: MIT
 *
 * How the calls of a scenario end, and where its memory is then.
 */
#ifndef R4_EXPLORE_ENDS_H
#define R4_EXPLORE_ENDS_H

#include "places.h"

/* Forgets all ends. */
void ends_begin(void);

/* The state has come to rest: every call must be answered, and the memory accounted for. Counts this kind of end. */
void ends_note(const struct scenario *scenario, const struct places *places, const struct script_state *state);

/* The call with this number has just been answered. */
void ends_answer(const struct places *places, const struct action *action, uint32_t number, enum r4_error error,
                 bool death);

/* Who has the block in its direct map, ACCESS_CLUSTERS: nobody; and making that so. */
uint8_t ends_owner(phys_t block);
void ends_own(phys_t block, uint8_t owner);

void ends_print(void);

/* What is lent is no part of the state: fails if it was ever written. */
void ends_check_block(const struct places *places);

/* Fails if a call was never answered as it may be. */
void ends_check(const struct scenario *scenario);

#endif
