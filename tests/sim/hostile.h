/* SPDX-License-Identifier: MIT
 *
 * A cluster that sends what it should not: old messages again, other generations, other epochs, records that do not
 * exist, offers of what is not its own. Only what a correct receiver ignores or refuses, so that all invariants still
 * hold.
 */
#ifndef R4_SIM_HOSTILE_H
#define R4_SIM_HOSTILE_H

#include "sim.h"

/* Puts one such message into some ring with room, after what its owner put there. */
void hostile_send(void);

#endif
