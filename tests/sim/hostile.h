/* SPDX-License-Identifier: MIT
 *
 * A cluster that sends what it should not: old messages again, wrong generations and epochs, records that do not exist,
 * offers of memory that is not its own. It sends only what a correct receiver ignores or refuses, so that all
 * invariants still hold.
 */
#ifndef R4_SIM_HOSTILE_H
#define R4_SIM_HOSTILE_H

#include "sim.h"

/* Puts one such message into some ring that has room, after the messages of its owner. */
void hostile_send(void);

#endif
